import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '#lib/config/load.ts';
import { type ConfigWatcher, watchConfig } from '#lib/config/watch.ts';

let cwd: string;
let file: string;
let ports: number[];
let rejections: string[];
let watcher: ConfigWatcher | null;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'switchgear-watch-'));
  file = join(cwd, 'switchgear.yaml');
  ports = [];
  rejections = [];
  watcher = null;
});

afterEach(() => {
  watcher?.close();
  rmSync(cwd, { recursive: true });
});

function watch(load = (): ReturnType<typeof loadConfig> => loadConfig({ env: {}, cwd })): void {
  watcher = watchConfig({
    path: file,
    load: () => load().config,
    onChange: (config) => ports.push(config.listen.port),
    onRejected: (error) => rejections.push(error.message),
    intervalMs: 5,
  });
}

const write = (port: number | string, path = file): void =>
  writeFileSync(path, `listen: { port: ${port} }\n`);

describe('a watched configuration', () => {
  it('is loaded again when the file is written', async () => {
    write(1);
    watch();
    write(2);
    await expect.poll(() => ports).toEqual([2]);
    write(3);
    await expect.poll(() => ports).toEqual([2, 3]);
  });

  it('is loaded again when another file takes its place, as editors do', async () => {
    write(1);
    watch();
    write(2, `${file}.tmp`);
    renameSync(`${file}.tmp`, file);
    await expect.poll(() => ports).toEqual([2]);
  });

  it('is loaded again when a link above it is swapped, as Kubernetes does', async () => {
    for (const [name, port] of [
      ['one', 1],
      ['two', 2],
    ] as const) {
      mkdirSync(join(cwd, name));
      write(port, join(cwd, name, 'switchgear.yaml'));
    }
    symlinkSync('one', join(cwd, 'data'));
    symlinkSync(join('data', 'switchgear.yaml'), file);
    watch();
    symlinkSync('two', join(cwd, 'data.tmp'));
    renameSync(join(cwd, 'data.tmp'), join(cwd, 'data'));
    await expect.poll(() => ports).toEqual([2]);
  });

  it('is not loaded again while its content stays the same', async () => {
    let loads = 0;
    write(1);
    watch(() => {
      loads += 1;
      return loadConfig({ env: {}, cwd });
    });
    write(1);
    write(1, `${file}.tmp`);
    renameSync(`${file}.tmp`, file);
    write(2);
    await expect.poll(() => ports).toEqual([2]);
    expect(loads).toBe(1);
  });

  it('stays as it is when the new one is bad, which is told once, and follows the next good one', async () => {
    write(1);
    watch();
    write('none');
    await expect.poll(() => rejections).toHaveLength(1);
    expect(rejections[0]).toContain('listen.port: "none" is not allowed');
    expect(ports).toEqual([]);
    write(3);
    await expect.poll(() => ports).toEqual([3]);
    expect(rejections).toHaveLength(1);
  });

  it('stays as it is when the file goes away, and follows it when it comes back', async () => {
    write(1);
    watch();
    rmSync(file);
    await expect.poll(() => rejections).toEqual(['The configuration file is not readable (ENOENT)']);
    write(2);
    await expect.poll(() => ports).toEqual([2]);
  });

  it('is not loaded after the watcher is closed', async () => {
    write(1);
    watch();
    const first = watcher;
    first?.close();
    write(2);
    watch();
    write(3);
    await expect.poll(() => ports).toEqual([3]);
  });
});
