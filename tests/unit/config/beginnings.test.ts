/** A complete file is cut after each of its bytes, and each beginning offered as a reload. */
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { Env } from '#lib/config/environment.ts';
import { ConfigError } from '#lib/config/faults.ts';
import { loadConfig } from '#lib/config/load.ts';
import { loosenedBy } from '#lib/config/reload.ts';
import type { Config } from '#lib/contracts/config.ts';
import { beginnings, completeConfig, ENV, KEYS, type Section, TOKEN } from '../../support/complete-config.ts';

const ADDRESSES = {
  listen: '{ host: 127.0.0.1, port: 8003 }',
  ollama: 'http://10.0.0.5:11434',
  openai: 'https://api.example.com/v1',
  redis: 'redis://:p4ss@10.0.0.6:6379/2',
};
const HOSTS = [ADDRESSES.ollama, ADDRESSES.openai, ADDRESSES.redis].map((url) => new URL(url).host);

const SECTIONS: readonly Section[] = ['listen', 'upstreams', 'redis', 'auth', 'rest'];
/** Each section first, and each last. */
const rotated = (sections: readonly Section[]) =>
  sections.map((_, index) => [...sections.slice(index), ...sections.slice(0, index)]);

function load(content: Buffer, env: Env): Config | null {
  try {
    return loadConfig({ env: { ...ENV, ...env }, cwd: tmpdir(), content }).config;
  } catch (thrown) {
    if (thrown instanceof ConfigError) return null;
    throw thrown;
  }
}

/** What has to be as in the whole file, whatever else is missing. */
const guarded = ({ auth, upstreams, redis }: Config) => ({
  token: auth.admin_token,
  isOpen: auth.api_keys.length === 0,
  strangeKeys: auth.api_keys.filter((key) => !KEYS.some((known) => known === key)),
  first: upstreams[0]?.url,
  freeLabs: upstreams.filter(({ kind, models }) => kind === 'lab' && models.join() !== 'lab-*'),
  strangeHosts: [redis, ...upstreams]
    .flatMap((each) => (each?.url === undefined ? [] : new URL(each.url).host))
    .filter((host) => !HOSTS.includes(host)),
});

describe.each([
  { what: 'with its token', hasToken: true, env: {}, orders: rotated(SECTIONS) },
  {
    what: 'on 0.0.0.0 with a token from the environment',
    hasToken: false,
    env: { HOST: '0.0.0.0', SWITCHGEAR_ADMIN_TOKEN: TOKEN },
    orders: rotated(SECTIONS.toReversed()),
  },
])('no beginning of a file $what', ({ hasToken, env, orders }) => {
  it.each(orders.map((order) => [order.join(', '), order] as const))(
    'loosens access: %s',
    (_order, order) => {
      const text = completeConfig(ADDRESSES, order, hasToken);
      const whole = load(Buffer.from(text), env);
      if (whole === null) throw new Error('the whole file is not valid');
      const valid = beginnings(text).flatMap((content) => load(content, env) ?? []);
      const taken = valid.filter((next) => loosenedBy({ config: whole, found: false }, next).length === 0);
      for (const next of [whole, ...taken])
        expect(guarded(next)).toEqual({
          token: TOKEN,
          isOpen: false,
          strangeKeys: [],
          first: ADDRESSES.ollama,
          freeLabs: [],
          strangeHosts: [],
        });
      // Some are refused that would loosen access, and some are harmless.
      expect(valid.length).toBeGreaterThan(taken.length);
      expect(taken.length).toBeGreaterThan(0);
    },
  );
});
