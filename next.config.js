/** @type {import('next').NextConfig} */
export default {
  reactStrictMode: true,
  poweredByHeader: false,
  devIndicators: false,
  // Event streams must not wait in a compressor; what is large and static is small here.
  compress: false,
  serverExternalPackages: ['opossum', 'pino', 'undici'],
  // `npm test` checks the whole project with the project's own compiler.
  typescript: { ignoreBuildErrors: true },
};
