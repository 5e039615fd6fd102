/**
 * Embeddings by feature hashing (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009):
 *
 *   v[h(f) mod d] += s(f) · w(f) · (1 + ln tf(f))      for every feature f of the text,  then v := v / |v|
 *
 * h and s are independent hashes (s is +1 or -1), tf counts f in the text. Features are the lower-case words (weight
 * 1) and the 3- to 5-grams of the characters of each word with its edges marked (weight 0.3), so that texts that
 * share words or stems point the same way. Whole texts only: no meaning beyond spelling.
 */
import { hash32 } from '#lib/lab/random.ts';

export const DEFAULT_DIMENSIONS = 256;
export const MAX_DIMENSIONS = 1_024;

const WORD_WEIGHT = 1;
const GRAM_WEIGHT = 0.3;
const GRAM_LENGTHS = [3, 4, 5] as const;
const BUCKET_SEED = 1;
const SIGN_SEED = 2;
const WORD = /[\p{L}\p{N}\p{M}]+/gu;

/** A vector of length 1. A text without a word gives the same unit vector whatever it is. */
export function embed(text: string, dimensions: number = DEFAULT_DIMENSIONS): number[] {
  const counts = new Map<string, number>();
  const words = text.toLowerCase().normalize('NFKC').match(WORD) ?? [];
  for (const word of words) {
    count(counts, `w:${word}`);
    const marked = `<${word}>`;
    for (const length of GRAM_LENGTHS) {
      for (let start = 0; start + length <= marked.length; start += 1) {
        count(counts, `g:${marked.slice(start, start + length)}`);
      }
    }
  }
  const vector = new Array<number>(dimensions).fill(0);
  for (const [feature, frequency] of counts) {
    const weight = (feature.startsWith('w:') ? WORD_WEIGHT : GRAM_WEIGHT) * (1 + Math.log(frequency));
    const bucket = hash32(feature, BUCKET_SEED) % dimensions;
    const sign = hash32(feature, SIGN_SEED) % 2 === 0 ? 1 : -1;
    vector[bucket] = (vector[bucket] ?? 0) + sign * weight;
  }
  return normalized(vector);
}

function count(counts: Map<string, number>, feature: string): void {
  counts.set(feature, (counts.get(feature) ?? 0) + 1);
}

function normalized(vector: number[]): number[] {
  const norm = Math.hypot(...vector);
  // Without features, or when they cancel out, there is no direction to keep.
  if (norm === 0) return vector.map((_, index) => (index === 0 ? 1 : 0));
  return vector.map((value) => value / norm);
}
