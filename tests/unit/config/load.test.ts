// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is the configuration's own notation
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatFaults } from '#lib/config/faults.ts';
import { loadConfig } from '#lib/config/load.ts';
import { faults, inDirectory, load } from './support.ts';

const EXAMPLE = readFileSync(new URL('../../../switchgear.example.yaml', import.meta.url), 'utf8');

describe('without a file and environment', () => {
  it('everything has its default', () => {
    inDirectory(null, (cwd) => {
      const loaded = loadConfig({ env: {}, cwd });
      expect(loaded.file).toBeNull();
      expect(loaded.environment).toEqual({ dataDir: join(cwd, 'data'), workers: null, logLevel: 'info' });
      expect(loaded.config).toMatchObject({
        listen: { host: '127.0.0.1', port: 8003 },
        upstreams: [],
        cache: { enabled: true, memory_mb: 100, ttl_s: 3600, stale_if_error_s: 86_400 },
        allocation: { mode: 'shadow', limits: { connections: 100, workers: 20, cache_mb: 500 } },
        auth: { api_keys: [] },
        limits: { body_mb: 10, queue: 512, queue_wait_ms: 10_000 },
        lab: { allow_faults: false },
        allow_model_management: false,
      });
    });
  });

  it.each(['{}', 'cache:\nauth:\n  # admin_token: x\n'])(
    'a file without a value (%j) is the same',
    (yaml) => {
      expect(load(yaml).config).toEqual(load(null).config);
    },
  );

  it.each(['', ' \n\t\n', '\ufeff', '# nothing\n', '---\n', '--- # nothing\n...\n', 'null', '~'])(
    'an empty file (%j) is a fault',
    (yaml) => {
      expect(formatFaults(faults(yaml))).toBe(
        '  switchgear.yaml: [nothing] is not allowed; must hold a key; write {} where nothing but defaults is wanted',
      );
    },
  );
});

describe('the file', () => {
  it('is switchgear.yaml of the working directory', () => {
    inDirectory('listen: { port: 9000 }', (cwd) => {
      const loaded = loadConfig({ env: {}, cwd });
      expect(loaded.file).toBe(join(cwd, 'switchgear.yaml'));
      expect(loaded.config.listen).toEqual({ host: '127.0.0.1', port: 9000 });
    });
  });

  it('is the one that SWITCHGEAR_CONFIG names', () => {
    inDirectory('listen: { port: 9000 }', (cwd) => {
      writeFileSync(join(cwd, 'other.yml'), 'listen: { port: 9001 }');
      const loaded = loadConfig({ env: { SWITCHGEAR_CONFIG: 'other.yml' }, cwd });
      expect(loaded.file).toBe(join(cwd, 'other.yml'));
      expect(loaded.config.listen.port).toBe(9001);
    });
  });

  it('is UTF-8, with or without its mark', () => {
    expect(load('\ufefflisten: { port: 9000 }').config.listen.port).toBe(9000);
    inDirectory('listen: { port: 9000 }', (cwd) => {
      writeFileSync(join(cwd, 'switchgear.yaml'), Buffer.from('listen: { port: 9000 }', 'utf16le'));
      expect(() => loadConfig({ env: {}, cwd })).toThrow('must be text in UTF-8');
    });
  });

  it('may not be missing when it is named', () => {
    expect(faults(null, { SWITCHGEAR_CONFIG: 'nowhere.yaml' })).toEqual([
      {
        path: 'SWITCHGEAR_CONFIG',
        value: '"nowhere.yaml"',
        allowed: 'must be a file that can be read (ENOENT)',
      },
    ]);
  });

  it('has a valid example, which says what the defaults are', () => {
    const { upstreams, ...rest } = load(EXAMPLE).config;
    const { upstreams: _, ...defaults } = load('upstreams: [{ name: lab, kind: lab }]').config;
    expect(rest).toEqual(defaults);
    expect(upstreams.map(({ name }) => name)).toEqual(['ollama', 'lab']);
    const [plain] = load('upstreams: [{ name: ollama, kind: ollama, url: "http://127.0.0.1:11434" }]').config
      .upstreams;
    expect(upstreams[0]).toEqual(plain);
  });

  it('has an example whose comments are valid too', () => {
    const whole = EXAMPLE.replaceAll(
      /^( *)# (- name: hosted| {2}(?:kind|url|api_key|models): |redis:|auth:| {2}admin_token)/gm,
      '$1$2',
    );
    const env = { UPSTREAM_KEY: 'upstream-key', SWITCHGEAR_TOKEN: 'admin-token' };
    const { config } = load(whole.replace(/^# {3}url: redis/m, '  url: redis'), env);
    expect(config.upstreams[1]).toMatchObject({ name: 'hosted', api_key: 'upstream-key' });
    expect(config.redis?.url).toBe('redis://127.0.0.1:6379');
    expect(config.auth.admin_token).toBe('admin-token');
  });
});

describe('${NAME}', () => {
  const upstream = (key: string): string =>
    `upstreams: [{ name: a, kind: openai, url: "https://\${ZONE}.example.com/v1", api_key: ${key} }]`;

  it('takes an environment variable, alone or inside a string', () => {
    const { config } = load(upstream('"${KEY}"'), { KEY: 'sk-1', ZONE: 'eu' });
    expect(config.upstreams[0]).toMatchObject({ url: 'https://eu.example.com/v1', api_key: 'sk-1' });
  });

  it('becomes a number or a boolean only where one is wanted', () => {
    const yaml = 'listen: { port: "${P}" }\nauth: { admin_token: "${P}" }\ncache: { enabled: "${E}" }';
    const { config } = load(yaml.replace('auth: { admin_token: "${P}" }', 'auth: { admin_token: "${T}" }'), {
      P: '9000',
      T: '12345678',
      E: 'false',
    });
    expect(config.listen.port).toBe(9000);
    expect(config.auth.admin_token).toBe('12345678');
    expect(config.cache.enabled).toBe(false);
  });

  it('is not looked for in what a variable brought, nor after $${', () => {
    expect(load(upstream('"${KEY}"'), { KEY: '${OTHER}', ZONE: 'x' }).config.upstreams[0]?.api_key).toBe(
      '${OTHER}',
    );
    expect(load(upstream('"a$${KEY}b$"'), { ZONE: 'x' }).config.upstreams[0]?.api_key).toBe('a${KEY}b$');
  });

  it('is a fault when the variable is missing, one for each, and with no other fault at that place', () => {
    expect(faults(upstream('"${KEY}"'))).toEqual([
      { path: 'upstreams[0].url', value: '${ZONE}', allowed: 'the environment variable ZONE must be set' },
      { path: 'upstreams[0].api_key', value: '${KEY}', allowed: 'the environment variable KEY must be set' },
    ]);
    expect(faults('listen: { port: "${P}" }')).toHaveLength(1);
  });

  it.each(['${A-B}', '${}', '${', '${A', 'x${A', '${A{B}}'])(
    'is a fault when it holds no name: %s',
    (text) => {
      const given = faults(`auth: { admin_token: "12345678${text}" }`, { A: 'a', B: 'b' });
      expect(given).toMatchObject([{ path: 'auth.admin_token', value: '${…}' }]);
    },
  );
});

describe('the environment', () => {
  it('beats the file', () => {
    const yaml =
      'listen: { host: localhost, port: 1 }\nauth: { admin_token: from-the-file }\nredis: { url: "redis://file" }';
    const { config } = load(yaml, {
      PORT: '9000',
      HOST: '0.0.0.0',
      SWITCHGEAR_ADMIN_TOKEN: 'from-the-environment',
      SWITCHGEAR_REDIS_URL: 'rediss://environment',
    });
    expect(config.listen).toEqual({ host: '0.0.0.0', port: 9000 });
    expect(config.auth.admin_token).toBe('from-the-environment');
    expect(config.redis?.url).toBe('rediss://environment');
  });

  it('beats even what is wrong in the file', () => {
    expect(load('listen: { port: none }', { PORT: '9000' }).config.listen.port).toBe(9000);
  });

  it('sets what only it can set', () => {
    const { environment } = load(null, {
      SWITCHGEAR_DATA_DIR: '/var/lib/switchgear',
      SWITCHGEAR_WORKERS: '0',
      LOG_LEVEL: 'DEBUG',
    });
    expect(environment).toEqual({ dataDir: '/var/lib/switchgear', workers: 0, logLevel: 'debug' });
  });

  it('counts an empty variable as not set', () => {
    const env = { PORT: '', HOST: '', SWITCHGEAR_CONFIG: '', SWITCHGEAR_WORKERS: '', LOG_LEVEL: '' };
    expect(load(null, env).config).toEqual(load(null).config);
  });

  it('is told by the names of its variables', () => {
    const given = faults(null, {
      PORT: '80a',
      SWITCHGEAR_REDIS_URL: 'http://redis.example',
      SWITCHGEAR_ADMIN_TOKEN: 'short',
      SWITCHGEAR_WORKERS: '65',
      LOG_LEVEL: 'verbos',
    });
    expect(given).toEqual(
      expect.arrayContaining([
        { path: 'PORT', value: '"80a"', allowed: 'must be an integer from 1 to 65535' },
        {
          path: 'SWITCHGEAR_REDIS_URL',
          value: '"http://redis.example/"',
          allowed: expect.stringContaining('rediss://'),
        },
        {
          path: 'SWITCHGEAR_ADMIN_TOKEN',
          value: '[secret]',
          allowed: 'must be a string of at least 8 characters',
        },
        { path: 'SWITCHGEAR_WORKERS', value: '"65"', allowed: 'must be an integer from 0 to 64' },
        { path: 'LOG_LEVEL', value: '"verbos"', allowed: expect.stringContaining('must be one of trace') },
      ]),
    );
    expect(given).toHaveLength(5);
  });

  it.each(['0', '65536', '-1', '1.5', '0x50', ' 80', '99999999999999'])('refuses PORT=%j', (PORT) => {
    expect(faults(null, { PORT })).toMatchObject([{ path: 'PORT' }]);
  });
});

describe('an address that others can reach', () => {
  it.each(['0.0.0.0', '::', '192.168.1.4', 'gateway.example', 'localhost.evil.com'])(
    '%s needs an admin token',
    (host) => {
      const allowed = 'must be a loopback address unless auth.admin_token or SWITCHGEAR_ADMIN_TOKEN is set';
      expect(faults(`listen: { host: "${host}" }`)).toEqual([
        { path: 'listen.host', value: `"${host}"`, allowed },
      ]);
      expect(faults(null, { HOST: host })).toEqual([{ path: 'HOST', value: `"${host}"`, allowed }]);
      expect(load(null, { HOST: host, SWITCHGEAR_ADMIN_TOKEN: 'a-long-token' }).config.listen.host).toBe(
        host,
      );
    },
  );

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('%s does not', (HOST) => {
    expect(load(null, { HOST }).config.listen.host).toBe(HOST);
  });
});
