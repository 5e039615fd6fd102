/** A bucket as a few bytes, for the minute rows of the store. */
import { readVarint, writeVarint } from '#lib/stats/varint.ts';
import type { Bucket } from '#lib/telemetry/bucket.ts';

const VERSION = 1;
/** Gauges are kept to a thousandth; none is negative. */
const GAUGE_SCALE = 1_000;

export function encodeBucket({ counts, gauges, histograms }: Bucket): Uint8Array {
  const bytes: number[] = [VERSION];
  writeVarint(bytes, counts.length);
  for (const count of counts) writeVarint(bytes, count);
  writeVarint(bytes, gauges.length);
  for (const gauge of gauges) writeVarint(bytes, Math.round(gauge * GAUGE_SCALE));
  writeVarint(bytes, histograms.length);
  for (const packed of histograms) {
    writeVarint(bytes, packed.length);
    for (const byte of packed) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** Null when it is of another version. */
export function decodeBucket(bytes: Uint8Array, atMs: number, measuredMs: number): Bucket | null {
  if (bytes[0] !== VERSION) return null;
  const cursor = { at: 1 };
  const list = <T>(read: () => T): T[] => Array.from({ length: readVarint(bytes, cursor) }, read);
  const counts = list(() => readVarint(bytes, cursor));
  const gauges = list(() => readVarint(bytes, cursor) / GAUGE_SCALE);
  const histograms = list(() => {
    const length = readVarint(bytes, cursor);
    cursor.at += length;
    return bytes.subarray(cursor.at - length, cursor.at);
  });
  return { atMs, measuredMs, counts, gauges, histograms };
}
