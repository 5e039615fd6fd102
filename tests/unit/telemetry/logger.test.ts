import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** What a logger writes, in a process of its own: it writes to standard output. */
function logged(statement: string): string {
  const script = `import { createLogger } from '#lib/telemetry/logger.ts'; const log = createLogger('info'); ${statement}`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
    encoding: 'utf8',
  });
  return stdout;
}

it.each(['api_key', 'admin_token', 'authorization', 'cookie'])('hides the value of %s', (key) => {
  const line = logged(`log.info({ ${key}: 'hush', a: { ${key}: 'hush', b: { ${key}: 'hush' } } }, 'said');`);
  expect(line).toContain('said');
  expect(line).not.toContain('hush');
});

it('writes of an error its name, message, code and stack, and nothing that hangs on it', () => {
  const line = logged(
    `const err = Object.assign(new TypeError('broken'), { code: 'E1', request: { headers: { x: 'hush' } } }); log.error({ err }, 'failed');`,
  );
  expect(JSON.parse(line)).toMatchObject({
    level: 'error',
    msg: 'failed',
    err: { type: 'TypeError', message: 'broken', code: 'E1' },
  });
  expect(line).not.toContain('hush');
});
