import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ENVIRONMENT } from '#lib/config/environment.ts';
import { load } from './support.ts';

const root = resolve(import.meta.dirname, '../../..');
const text = (path: string): string => readFileSync(resolve(root, path), 'utf8');

describe('the generated documentation', () => {
  it('is what the schemas say today', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/docs.ts', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('has every environment variable', () => {
    for (const { name } of ENVIRONMENT) {
      expect(text('.env.example')).toMatch(new RegExp(`^# ${name}=`, 'm'));
      expect(text('docs/configuration.md')).toContain(`\`${name}\``);
    }
  });

  it('documents defaults of the environment that are the real ones', () => {
    const env = Object.fromEntries(ENVIRONMENT.map(({ name, default: value }) => [name, value ?? '']));
    const { SWITCHGEAR_CONFIG: _, ...rest } = env;
    expect(load(null, rest).config).toEqual(load(null).config);
  });
});
