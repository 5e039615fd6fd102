import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dependenciesOf, dropStamp, hashOf, stampHolds, writeStamp } from '../../../scripts/lib/stamp.mjs';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'switchgear-stamp-'));
  mkdirSync(join(root, 'app', 'deep'), { recursive: true });
  writeFileSync(join(root, 'app', 'page.tsx'), 'a page');
  writeFileSync(join(root, 'app', 'deep', 'part.ts'), 'a part');
  writeFileSync(join(root, 'lock.json'), '{}');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const hash = (...extra: string[]) => hashOf(root, ['app', 'lock.json', 'public'], extra);

describe('the hash of what a step is made from', () => {
  it('stays when nothing changed', () => {
    expect(hash()).toBe(hash());
  });

  it.each([
    [
      'a file deep in a folder is edited',
      () => writeFileSync(join(root, 'app', 'deep', 'part.ts'), 'A part'),
    ],
    ['a file is added', () => writeFileSync(join(root, 'app', 'new.ts'), '')],
    ['a file is removed', () => rmSync(join(root, 'lock.json'))],
    ['a file is renamed', () => renameSync(join(root, 'app', 'page.tsx'), join(root, 'app', 'layout.tsx'))],
    [
      'a missing folder appears with a file',
      () => {
        mkdirSync(join(root, 'public'));
        writeFileSync(join(root, 'public', 'x'), '');
      },
    ],
  ])('changes when %s', (_what, change) => {
    const before = hash();
    change();
    expect(hash()).not.toBe(before);
  });

  it('changes when text moves from one file into the next', () => {
    const before = hash();
    writeFileSync(join(root, 'app', 'deep', 'part.ts'), 'a part of');
    writeFileSync(join(root, 'app', 'page.tsx'), 'a pag');
    expect(hash()).not.toBe(before);
  });

  it('depends on the machine that is told of', () => {
    expect(hash('linux', 'x64')).not.toBe(hash('linux', 'arm64'));
    expect(hash('ab', 'c')).not.toBe(hash('a', 'bc'));
  });
});

describe('what package.json says of dependencies', () => {
  const base = { name: 'x', scripts: { up: 'a' }, dependencies: { next: '16' } };
  const of = (more: object) => dependenciesOf(JSON.stringify({ ...base, ...more }));

  it('is the same when only a script is edited', () => {
    expect(of({ scripts: { up: 'b' }, version: '2' })).toBe(of({}));
  });

  it.each([
    { dependencies: { next: '17' } },
    { devDependencies: { next: '16' } },
    { overrides: { a: '1' } },
    { allowScripts: { node: true } },
  ])('differs with %j', (more) => {
    expect(of(more)).not.toBe(of({}));
  });
});

describe('a stamp', () => {
  it('holds for the hash it was written with, until another one or none is there', () => {
    const file = join(root, 'stamp');
    expect(stampHolds(file, 'a')).toBe(false);
    writeStamp(file, 'a');
    expect(stampHolds(file, 'a')).toBe(true);
    expect(stampHolds(file, 'b')).toBe(false);
    dropStamp(file);
    expect(stampHolds(file, 'a')).toBe(false);
    dropStamp(file);
  });
});
