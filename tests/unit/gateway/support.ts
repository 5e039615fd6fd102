import { type Config, configSchema, type UpstreamConfig, upstreamSchema } from '#lib/contracts/config.ts';

export function cacheableUpstream(cache: object): UpstreamConfig {
  return upstreamSchema.parse({ name: 'a', kind: 'openai', url: 'http://127.0.0.1:1/v1', cache });
}

export function configOf(cache: object): Config {
  return configSchema.parse({ cache });
}
