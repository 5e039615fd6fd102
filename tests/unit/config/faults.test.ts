// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is the configuration's own notation
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Env } from '#lib/config/environment.ts';
import { formatFaults } from '#lib/config/faults.ts';
import { configJsonSchema, describeNode, type SchemaNode } from '#lib/config/schema.ts';
import { editDistance, nearest } from '#lib/config/suggest.ts';
import { faults, refused } from './support.ts';

describe('faults', () => {
  it('are all named at once, one line each', () => {
    const yaml = `
listen: { host: 0.0.0.0, port: 70000 }
upstreams:
  - { name: A B, kind: olama, url: "ftp://host/x", models: [] }
  - { kind: openai, connections: 1.5, breaker: { window_s: 0, failure_rate_percent: 101 } }
  - { name: lab, kind: lab }
  - { name: lab, kind: lab }
  - nonsense
cache: { enabled: "yes", tll_s: 5 }
limits: { body_mb: 0, queue: -1 }
redis: {}
`;
    const env = { SWITCHGEAR_WORKERS: 'many' };
    expect(formatFaults(faults(yaml, env)).split('\n').sort()).toEqual(
      [
        '  SWITCHGEAR_WORKERS: "many" is not allowed; must be an integer from 0 to 64',
        '  cache.enabled: "yes" is not allowed; must be true or false',
        '  cache.tll_s: unknown key; did you mean ttl_s?',
        '  limits.body_mb: 0 is not allowed; must be a number above 0, at most 1024',
        '  limits.queue: -1 is not allowed; must be an integer from 0 to 1000000',
        '  listen.host: "0.0.0.0" is not allowed; must be a loopback address unless auth.admin_token or SWITCHGEAR_ADMIN_TOKEN is set',
        '  listen.port: 70000 is not allowed; must be an integer from 1 to 65535',
        '  redis.url: missing; must be given, or else cluster or sentinel, and only one of the three',
        '  upstreams[0].kind: "olama" is not allowed; must be one of ollama, openai, lab',
        '  upstreams[0].models: [a list] is not allowed; must be a list of at least 1',
        '  upstreams[0].name: "A B" is not allowed; must consist of a-z, 0-9 and -',
        '  upstreams[0].url: "ftp://host/x" is not allowed; must be an http:// or https:// URL',
        '  upstreams[1].breaker.failure_rate_percent: 101 is not allowed; must be a number above 0, at most 100',
        '  upstreams[1].breaker.window_s: 0 is not allowed; must be an integer from 1 to 600',
        '  upstreams[1].connections: 1.5 is not allowed; must be an integer from 1 to 10000',
        '  upstreams[1].name: missing; must be a string like ^[a-z0-9-]+$ of at most 64 characters',
        '  upstreams[1].url: missing; is required for kind openai: an http:// or https:// URL',
        '  upstreams[3].name: "lab" is not allowed; must be unique among upstreams',
        '  upstreams[4]: [a string] is not allowed; must be a mapping',
      ].sort(),
    );
  });

  it('are found in credentials of Redis that nobody could read', () => {
    const given = faults(null, { SWITCHGEAR_REDIS_URL: 'redis://:100%zq@10.0.0.6' });
    expect(formatFaults(given)).toBe(
      '  SWITCHGEAR_REDIS_URL: "redis://[secret]@10.0.0.6" is not allowed; must have % in its user and password written as %25',
    );
  });

  it('are named once, when only rules between keys are broken', () => {
    const yaml = 'upstreams: [{ name: a, kind: lab }, { name: a, kind: ollama }]';
    expect(
      faults(yaml)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['upstreams[1].name', 'upstreams[1].url']);
  });

  it.each([
    ['listen: { prot: 1 }', 'listen.prot: unknown key; did you mean port?'],
    ['port: 80', 'port: unknown key; did you mean listen.port?'],
    ['upstream: []', 'upstream: unknown key; did you mean upstreams?'],
    ['cache: { memoryMb: 1 }', 'cache.memoryMb: unknown key; did you mean memory_mb?'],
    ['lab: { xyz: 1 }', 'lab.xyz: unknown key; the keys here are allow_faults'],
    ['"a b": 1', '["a b"]: unknown key; the keys here are listen,'],
    ['__proto__: 1', '__proto__: unknown key;'],
  ])('of unknown keys suggest the right one: %s', (yaml, line) => {
    expect(formatFaults(faults(yaml))).toContain(line);
  });
});

describe('faults of the YAML itself', () => {
  it.each([
    ['listen: { port: 1 }\nlisten: { port: 2 }', 'switchgear.yaml:2', 'only once'],
    ['a: 1\nb: [1, 2', 'switchgear.yaml:2', 'bracket closed'],
    ['listen:\n\tport: 1', 'switchgear.yaml:2', 'spaces'],
    ['auth: { admin_token: !vault abc }', 'switchgear.yaml:1', 'tags'],
    ['a: 1\n---\nb: 2', 'switchgear.yaml:2', 'one document'],
    ['auth: { admin_token: *secret-token }', 'switchgear.yaml', 'anchor'],
    ['- a', 'switchgear.yaml', 'must be a mapping'],
    ['just text', 'switchgear.yaml', 'must be a mapping'],
  ])('name the line: %j', (yaml, path, allowed) => {
    expect(faults(yaml)[0]).toMatchObject({ path, allowed: expect.stringContaining(allowed) });
    expect(refused(yaml).message).not.toContain('secret-token');
  });

  it('stand beside those of the environment', () => {
    const given = faults('a: [', { PORT: 'x', HOST: '0.0.0.0' });
    expect(given.map(({ path }) => path)).toContain('PORT');
    expect(given.map(({ path }) => path)).not.toContain('HOST');
  });

  it('end aliases that multiply or go in circles, and files that are too large', () => {
    const names = [...'abcdefghijkl'];
    const bomb = names
      .map((name, i) => `${name}: &${name} [${i === 0 ? '1' : `*${names[i - 1]},`.repeat(9)}]`)
      .join('\n');
    expect(faults(bomb)[0]?.path).toBe('switchgear.yaml');
    expect(faults('upstreams: &a [*a, *a]').length).toBeGreaterThan(0);
    expect(faults(`# ${'x'.repeat(1024 * 1024)}`)[0]?.allowed).toContain('1 MiB');
  });
});

describe('secrets', () => {
  it('are shown as [secret], and what stands in the wrong place by its kind only', () => {
    const yaml =
      'auth: { admin_token: 1234567, api_keys: [short] }\nredis: top-secret-1\ncache: [top-secret-2]';
    const text = formatFaults(faults(yaml));
    expect(text).toContain(
      'auth.admin_token: [secret] is not allowed; must be a string of at least 8 characters',
    );
    expect(text).toContain('auth.api_keys[0]: [secret] is not allowed');
    expect(text).toContain('redis: [a string] is not allowed');
    for (const secret of ['1234567', 'short', 'top-secret']) expect(text).not.toContain(secret);
  });

  it('are never printed, wherever they stand', () => {
    // Nothing that could be part of a fault's own words.
    const secret = fc.stringMatching(/^zq[a-zA-Z0-9._~!*'()+-]{3,40}qz$/);
    const places: readonly ((secret: string) => [unknown, Env?])[] = [
      (s) => [{ auth: { admin_token: { s } } }],
      (s) => [{ auth: { admin_token: [s] } }],
      (s) => [{ auth: { api_keys: s } }],
      (s) => [{ auth: { api_keys: [[s]] } }],
      (s) => [{ auth: { api_keys: ['x', s, { [s]: 1 }] } }],
      (s) => [{ auth: s }],
      (s) => [{ auth: { admin_tokn: s } }],
      (s) => [{ upstreams: [s] }],
      (s) => [{ upstreams: [{ api_key: [s] }] }],
      (s) => [{ upstreams: [{ url: `ftp://user:${s}@host/` }] }],
      (s) => [{ upstreams: [{ url: `ftp://host/?api_key=${s}` }] }],
      (s) => [{ upstreams: [{ url: `https//user:${s}@host` }] }],
      (s) => [{ redis: { url: `redis//:${s}@host` } }],
      (s) => [{ redis: { url: `http://:${s}@host` } }],
      (s) => [{ redis: { url: s } }],
      (s) => [{ redis: { url: [s] } }],
      (s) => [{ redis: s }],
      (s) => [{}, { SWITCHGEAR_REDIS_URL: `http://u:${s}@host` }],
      (s) => [{}, { SWITCHGEAR_REDIS_URL: s }],
      (s) => [{ listen: { port: '${S}', host: '${S}' }, cache: { enabled: '${S}' } }, { S: s }],
      (s) => [{ upstreams: [{ name: '${S}', kind: '${S}', url: 'x${S}' }] }, { S: s }],
      (s) => [
        {
          upstreams: [
            { name: '${S}', kind: 'lab' },
            { name: '${S}', kind: 'lab' },
          ],
        },
        { S: s },
      ],
      (s) => [{ auth: '${S}', lab: ['${S}'], limits: { queue: 'a ${S}' } }, { S: s }],
    ];
    fc.assert(
      fc.property(secret, fc.constantFrom(...places), (text, place) => {
        const [config, env] = place(text);
        const error = refused(JSON.stringify(config), env);
        expect(error.faults.length).toBeGreaterThan(0);
        expect(formatFaults(error.faults)).not.toContain(text);
        expect(error.message + error.stack).not.toContain(text);
      }),
      { numRuns: 300 },
    );
  });

  it('do not get out through YAML that is no YAML', () => {
    const broken = [
      'auth: { admin_token: "zqsecret',
      'admin_token: zqsecret: x',
      'a: "\\zqsecret"',
      'zqsecret: 1\nzqsecret: 2',
    ];
    for (const yaml of [
      ...broken,
      'a: @zqsecret',
      'a: |zqsecret',
      '%zqsecret\n',
      '&zqsecret &b x',
      'a: b\nzqsecret',
    ])
      expect(refused(yaml).message, yaml).not.toContain('zqsecret');
  });
});

describe('the words for what is allowed', () => {
  it('exist for every key', () => {
    let count = 0;
    const visit = (node: SchemaNode): void => {
      count += 1;
      expect(describeNode(node)).not.toBe('something else');
      for (const child of Object.values(node.properties ?? {})) visit(child);
      if (node.items !== undefined) visit(node.items);
    };
    visit(configJsonSchema());
    expect(count).toBeGreaterThan(40);
  });
});

describe('the nearest key', () => {
  it('is found through typos and spelling habits, but not by chance', () => {
    expect(nearest('prot', ['host', 'port'])).toBe('port');
    expect(nearest('admin-token', ['api_keys', 'admin_token'])).toBe('admin_token');
    expect(nearest('zzz', ['host', 'port'])).toBeNull();
    expect(nearest('x'.repeat(10_000), ['host'])).toBeNull();
  });

  it('is measured by a distance that is symmetric and zero for equals only', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });
});
