import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '#lib/config/load.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

it.each(['README.md', 'docs/configuration.md', 'docs/caching.md', 'docs/batching.md'])(
  'every configuration printed in %s is valid',
  (file) => {
    const blocks = [...readFileSync(join(ROOT, file), 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(
      ([, block]) => block ?? '',
    );
    expect(blocks.length).toBeGreaterThan(0);
    const folder = mkdtempSync(join(tmpdir(), 'switchgear-'));
    for (const block of blocks) {
      const names = [...block.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => [name ?? '', 'a-value-for-tests']);
      const path = join(folder, 'switchgear.yaml');
      writeFileSync(path, block);
      expect(() =>
        loadConfig({ env: { ...Object.fromEntries(names), SWITCHGEAR_CONFIG: path }, cwd: folder }),
      ).not.toThrow();
    }
    rmSync(folder, { recursive: true });
  },
);
