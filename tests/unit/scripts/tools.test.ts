import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { explainNpm } from '../../../scripts/lib/npm.mjs';
import { missingPackages, which } from '../../../scripts/lib/tools.mjs';

describe('the programs that the tests need', () => {
  const findOnly =
    (...programs: string[]) =>
    (program: string) =>
      programs.includes(program) ? `/usr/bin/${program}` : null;

  it.each([
    [[], ['redis-server', 'chromium']],
    [['redis-server'], ['chromium']],
    [['redis-server', 'google-chrome'], []],
    [['chromium-browser'], ['redis-server']],
  ])('with %j there, lack %j', (programs, packages) => {
    expect(missingPackages(findOnly(...programs))).toEqual(packages);
  });

  it('are found on the path, whose empty entries are no folder', () => {
    const folder = mkdtempSync(join(tmpdir(), 'switchgear-tools-'));
    writeFileSync(join(folder, 'redis-server'), '');
    expect(which('redis-server', ['', folder].join(delimiter))).toBe(join(folder, 'redis-server'));
    expect(which('chromium', folder)).toBeNull();
    rmSync(folder, { recursive: true });
  });
});

describe('the failure of npm', () => {
  it.each([
    ['npm error code ENOTFOUND', 'the package registry cannot be reached (ENOTFOUND)', 69],
    ['npm error FetchError: connect ECONNREFUSED 127.0.0.1:9', 'the package registry cannot be reached', 69],
    ['npm error code ENOSPC', 'the disk is full', 1],
    ['npm error code EACCES', 'not writable', 1],
  ])('is told in plain words: %s', (output, message, exitCode) => {
    const known = explainNpm(output);
    expect(known?.message).toContain(message);
    expect(known?.exitCode).toBe(exitCode);
  });

  it('is left as it is when its cause is not known', () => {
    expect(explainNpm('npm error code EUSAGE')).toBeNull();
  });
});
