/** "Did you mean": the known key nearest to a mistyped one. */
import { type ConfigPath, formatPath } from '#lib/config/paths.ts';
import { configJsonSchema, nodeAt, type SchemaNode } from '#lib/config/schema.ts';

/** Keys longer than this are not compared, which bounds the work. */
const MAX_KEY_LENGTH = 60;

/** What to write in place of a key that does not exist at this path. */
export function suggestKey(parent: ConfigPath, key: string): string {
  const siblings = Object.keys(nodeAt(parent)?.properties ?? {});
  const near = nearest(key, siblings);
  if (near !== null) return `did you mean ${near}?`;
  const elsewhere = placesOf(key);
  if (elsewhere.length === 1) return `did you mean ${elsewhere[0]}?`;
  return siblings.length === 0 ? 'nothing may be here' : `the keys here are ${siblings.join(', ')}`;
}

/** The candidate that differs in the fewest edits, if those are few; null otherwise. */
export function nearest(given: string, candidates: readonly string[]): string | null {
  if (given.length > MAX_KEY_LENGTH) return null;
  const key = plain(given);
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(key, plain(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, at(beforeLast, j - 2) + 1);
      }
      row.push(distance);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

/** Without what people mix up: case, hyphens, underscores. */
function plain(key: string): string {
  return key.toLowerCase().replaceAll(/[-_]/g, '');
}

function placesOf(key: string): string[] {
  const places: string[] = [];
  const visit = (node: SchemaNode, path: string[]): void => {
    for (const [name, child] of Object.entries(node.properties ?? {})) {
      if (name === key) places.push(formatPath([...path, name]));
      visit(child, [...path, name]);
    }
  };
  visit(configJsonSchema(), []);
  return places;
}
