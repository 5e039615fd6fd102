/** What a reload may not do, and what it takes away when it may. */
import { describe, expect, it } from 'vitest';
import { loosenedBy } from '#lib/config/reload.ts';
import { restartNeeded, takenBy, tellTaken } from '#lib/config/taken.ts';
import { type Config, configSchema } from '#lib/contracts/config.ts';

const TOKEN = 'correct-horse-battery';
const OLLAMA = { name: 'gpu', kind: 'ollama', url: 'http://10.0.0.5:11434' };
const LAB = { name: 'lab', kind: 'lab', models: ['lab-*'] };

const parse = (more: object = {}): Config => configSchema.parse({ upstreams: [OLLAMA], ...more });
const auth = (given: object): Config => parse({ auth: given });
const both = { admin_token: TOKEN, api_keys: ['key-one-1', 'key-two-2'] };

const loosened = (before: Config, after: Config, found = false): string[] =>
  loosenedBy({ config: before, found }, after).map(({ path }) => path);

describe('a reload that would loosen access', () => {
  it.each<[what: string, before: Config, after: Config, paths: string[]]>([
    ['all of auth is gone', auth(both), parse(), ['auth.admin_token', 'auth.api_keys']],
    ['the token is gone', auth(both), auth({ api_keys: both.api_keys }), ['auth.admin_token']],
    ['the keys are gone', auth(both), auth({ admin_token: TOKEN }), ['auth.api_keys']],
    [
      'the word is for keys, not for the token',
      auth(both),
      auth({ allow_anonymous: true }),
      ['auth.admin_token'],
    ],
    [
      'no token where the network reaches it',
      parse({ listen: { host: '0.0.0.0' } }),
      parse(),
      ['auth.admin_token'],
    ],
    ['the token is cut', auth(both), auth({ ...both, admin_token: 'correct-' }), ['auth.admin_token']],
    [
      'a key is cut',
      auth(both),
      auth({ ...both, api_keys: ['key-one-1', 'key-two-'] }),
      ['auth.api_keys[1]'],
    ],
    [
      'what is before a placeholder is left of a key',
      auth({ api_keys: ['gateway-7d1f03'] }),
      auth({ api_keys: ['gateway-$'] }),
      ['auth.api_keys[0]'],
    ],
    ['no upstream is left', parse(), parse({ upstreams: [] }), ['upstreams']],
    [
      'an address leads to another host',
      parse(),
      parse({ upstreams: [{ ...OLLAMA, url: 'http://10.0.0.5:114' }] }),
      ['upstreams[0].url'],
    ],
    [
      'the address of Redis is cut',
      parse({ redis: { url: 'redis://10.0.0.6:6379' } }),
      parse({ redis: { url: 'redis://10.0.0' } }),
      ['redis.url'],
    ],
    [
      'a lab answers for all models',
      parse({ upstreams: [OLLAMA, LAB] }),
      parse({ upstreams: [OLLAMA, { name: 'lab', kind: 'lab' }] }),
      ['upstreams[1].models'],
    ],
  ])('is refused: %s', (_what, before, after, paths) => {
    expect(loosened(before, after)).toEqual(paths);
  });

  it.each<[what: string, before: Config, after: Config]>([
    ['nothing changes', auth(both), auth(both)],
    ['fewer keys', auth(both), auth({ ...both, api_keys: ['key-two-2'] })],
    [
      'other keys and another token',
      auth(both),
      auth({ admin_token: 'another-token', api_keys: ['key-three-3'] }),
    ],
    [
      'a key that goes on where one ends',
      auth(both),
      auth({ ...both, api_keys: ['key-one-1', 'key-one-1b'] }),
    ],
    [
      'a key that was there beside a longer one',
      auth({ api_keys: ['key-one-1', 'key-one-1b'] }),
      auth({ api_keys: ['key-one-1'] }),
    ],
    ['no keys, with the word', auth(both), auth({ admin_token: TOKEN, allow_anonymous: true })],
    ['the word is taken back', auth({ allow_anonymous: true }), auth({})],
    ['keys and a token where there were none', auth({}), auth(both)],
    ['another upstream', parse(), parse({ upstreams: [{ ...OLLAMA, name: 'other' }] })],
    ['a lab that the file names', parse(), parse({ upstreams: [{ name: 'lab', kind: 'lab' }] })],
    [
      'an address without its path',
      parse({ upstreams: [{ ...OLLAMA, url: 'http://h:1/v1' }] }),
      parse({ upstreams: [{ ...OLLAMA, url: 'http://h:1' }] }),
    ],
  ])('is not one: %s', (_what, before, after) => {
    expect(loosened(before, after)).toEqual([]);
  });

  it('leaves no upstream configured where none was', () => {
    expect(loosened(parse(), parse({ upstreams: [] }), true)).toEqual([]);
  });

  it('names no secret', () => {
    const faults = loosenedBy(
      { config: auth(both), found: false },
      auth({ admin_token: 'correct-', api_keys: ['key-one-'] }),
    );
    expect(faults.map(({ value }) => value)).toEqual(['[secret]', '[secret]']);
    expect(JSON.stringify(faults)).not.toMatch(/correct|key-one/);
  });
});

describe('what a reload takes away', () => {
  const load = { name: 'gpu', inFlight: 3, queued: 1 };

  it('is told with the calls that run there', () => {
    const before = parse({
      upstreams: [OLLAMA, LAB],
      auth: both,
      cache: { vary: ['x-a', 'x-b'] },
      redis: { url: 'redis://h' },
      lab: { allow_faults: true },
      allow_model_management: true,
    });
    const after = parse({
      upstreams: [{ ...LAB, connections: 1 }],
      auth: { admin_token: 'another-token', api_keys: ['key-two-2'] },
      cache: { vary: ['x-a'], enabled: false, memory_mb: 5 },
    });
    const taken = takenBy(before, after, [load]);
    expect(tellTaken(taken)).toBe(
      'upstream gpu removed (3 in flight, 1 waiting), upstream lab replaced (0 in flight), ' +
        'auth.api_keys removed (1), auth.admin_token replaced, cache.enabled switched off, cache.memory_mb smaller, ' +
        'cache.vary removed (1), redis removed, lab.allow_faults switched off, allow_model_management switched off',
    );
    expect(taken[0]).toEqual({
      path: 'upstreams',
      change: 'removed',
      upstream: { name: 'gpu', in_flight: 3, queued: 1 },
    });
    expect(JSON.stringify(taken)).not.toMatch(/key-(?:one|two)|correct|another/);
  });

  it('is nothing when things are added', () => {
    const after = parse({ upstreams: [OLLAMA, LAB], auth: both, redis: { url: 'redis://h' } });
    expect(takenBy(parse(), after, [load])).toEqual([]);
  });

  it('is told in a line of bounded length', () => {
    const many = Array.from({ length: 30 }, (_, index) => ({ ...OLLAMA, name: `gpu-${index}` }));
    const taken = takenBy(parse({ upstreams: many }), parse({ upstreams: [LAB] }), []);
    expect(taken).toHaveLength(30);
    expect(tellTaken(taken)).toMatch(/upstream gpu-19 removed \(0 in flight\), and 10 more$/);
  });
});

describe('what needs a restart', () => {
  it('is named by its path', () => {
    const after = parse({ listen: { port: 9_000 }, allocation: { step_s: 60, season_s: 3_600 } });
    expect(restartNeeded(parse(), after)).toEqual(['listen', 'allocation.step_s', 'allocation.season_s']);
    expect(restartNeeded(parse(), parse())).toEqual([]);
  });
});
