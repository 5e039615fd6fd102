/** What a step was made from, as one hash: a step whose stamp still holds need not be done again. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The parts of package.json that decide what is installed; editing its scripts installs nothing. */
const INSTALLED_BY = ['dependencies', 'devDependencies', 'optionalDependencies', 'overrides', 'allowScripts'];

/** Hash of names and contents of files and, recursively, folders; what is missing counts as such. */
export function hashOf(root, entries, extra = []) {
  const hash = createHash('sha256');
  for (const text of extra) hash.update(`${text}\0`);
  for (const entry of entries) addEntry(hash, root, entry);
  return hash.digest('hex');
}

export function dependenciesOf(packageJson) {
  const parsed = JSON.parse(packageJson);
  return JSON.stringify(INSTALLED_BY.map((key) => parsed[key] ?? null));
}

export function stampHolds(file, hash) {
  try {
    return readFileSync(file, 'utf8') === hash;
  } catch {
    return false;
  }
}

export function writeStamp(file, hash) {
  writeFileSync(file, hash);
}

export function dropStamp(file) {
  rmSync(file, { force: true });
}

function addEntry(hash, root, entry) {
  const path = join(root, entry);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    hash.update(`${entry}\0missing\0`);
  } else if (stat.isDirectory()) {
    for (const name of readdirSync(path).sort()) addEntry(hash, root, `${entry}/${name}`);
  } else {
    hash.update(`${entry}\0${stat.size}\0`).update(readFileSync(path));
  }
}
