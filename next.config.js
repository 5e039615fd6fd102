/** @type {import('next').NextConfig} */
export default {
  reactStrictMode: true,
  poweredByHeader: false,
  devIndicators: false,
  serverExternalPackages: ['opossum', 'pino', 'undici'],
  // `npm test` checks the whole project with the project's own compiler.
  typescript: { ignoreBuildErrors: true },
};
