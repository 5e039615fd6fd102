import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '#lib/config/content.ts';
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

/** @param monotonicMs by default each look is a moment after the one before */
function watch(loaded = (_content: Buffer): void => {}, monotonicMs?: () => number): void {
  let nowMs = 0;
  watcher = watchConfig({
    path: file,
    current: digestOf(readFileSync(file)),
    load: (content) => {
      loaded(content);
      return loadConfig({ env: {}, cwd, content }).config;
    },
    onChange: (config) => ports.push(config.listen.port),
    onRejected: (error) => rejections.push(error.message),
    intervalMs: 5,
    stillMs: 10,
    monotonicMs: monotonicMs ?? (() => (nowMs += 10)),
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

  it.each<[what: string, change: () => void, told: string]>([
    ['is emptied', () => truncateSync(file), '[nothing] is not allowed; must hold a key'],
    [
      'holds comments alone',
      () => writeFileSync(file, '# listen: { port: 2 }\n'),
      '[nothing] is not allowed',
    ],
    ['is not UTF-8', () => writeFileSync(file, Buffer.from([0x61, 0x3a, 0xff])), 'must be text in UTF-8'],
    ['ends in zeros', () => appendFileSync(file, '\0\0\0'), 'must be text in UTF-8'],
    ['is huge', () => truncateSync(file, 2 ** 40), 'The configuration file is larger than 1 MiB'],
    ['becomes a directory', () => replace(() => mkdirSync(file)), 'is not a regular file'],
    ['becomes a pipe', () => replace(() => spawnSync('mkfifo', [file])), 'is not a regular file'],
    ['becomes a link to nothing', () => replace(() => symlinkSync('gone', file)), 'is not readable (ENOENT)'],
    ['becomes a link to itself', () => replace(() => symlinkSync(file, file)), 'is not readable (ELOOP)'],
  ])('stays as it is when the file %s, and follows the next good one', async (_what, change, told) => {
    write(1);
    watch();
    change();
    await expect.poll(() => rejections).toEqual([expect.stringContaining(told)]);
    replace(() => write(2));
    await expect.poll(() => ports).toEqual([2]);
    expect(rejections).toHaveLength(1);
  });

  it('is loaded from the bytes that were still, whatever is written by then', async () => {
    write(1);
    const seen: string[] = [];
    watch((content) => {
      seen.push(content.toString());
      write('none');
    });
    write(2);
    await expect.poll(() => ports).toEqual([2]);
    expect(seen[0]).toBe('listen: { port: 2 }\n');
  });

  it('is loaded again when it has changed between the start and the first look', async () => {
    write(2);
    watcher = watchConfig({
      path: file,
      current: digestOf(Buffer.from('listen: { port: 1 }\n')),
      load: (content) => loadConfig({ env: {}, cwd, content }).config,
      onChange: (config) => ports.push(config.listen.port),
      onRejected: (error) => rejections.push(error.message),
      intervalMs: 5,
      stillMs: 0,
    });
    await expect.poll(() => ports).toEqual([2]);
  });
});

describe('a file that is being written', () => {
  let nowMs: number;
  let looks: number;
  const clock = () => {
    looks += 1;
    return nowMs;
  };
  /** Until what stands there now has been looked at, twice, for a look may have begun before. */
  const looked = async () => {
    const from = looks;
    await expect.poll(() => looks).toBeGreaterThan(from + 1);
  };

  beforeEach(() => {
    nowMs = 0;
    looks = 0;
  });

  it('is waited for, a part of it is never taken', async () => {
    write(1);
    watch(undefined, clock);
    const whole = 'listen:\n  port: 2\ncache:\n  memory_mb: 5\n';
    writeFileSync(file, '');
    for (const line of whole.split('\n').slice(0, -1)) {
      await looked();
      nowMs += 9;
      appendFileSync(file, `${line}\n`);
    }
    await looked();
    expect([ports, rejections]).toEqual([[], []]);
    nowMs += 10;
    await expect.poll(() => ports).toEqual([2]);
    expect(rejections).toEqual([]);
  });

  it('is waited for while writes leave its content as it is, by whatever clock they are dated', async () => {
    write(1);
    watch(undefined, clock);
    write(2);
    for (const atS of [4_000_000_000, 1, 2_000_000_000]) {
      utimesSync(file, atS, atS);
      await looked();
      nowMs += 9;
    }
    expect([ports, rejections]).toEqual([[], []]);
    nowMs += 10;
    await expect.poll(() => ports).toEqual([2]);
  });
});

function replace(make: () => void): void {
  rmSync(file, { recursive: true, force: true });
  make();
}
