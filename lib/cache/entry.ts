/** What is kept of one answer, and its form in a shared store: versioned, checked, compressed where that pays. */
import { createHash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

export interface CacheEntry {
  /** A digest; equal requests of callers that may share have equal keys. */
  readonly key: string;
  /** `<upstream>_responses` or `<upstream>_embeddings`. */
  readonly cache: string;
  readonly model: string;
  /** Epoch milliseconds. */
  readonly storedAtMs: number;
  readonly ttlMs: number;
  /** What the upstream took to make it, in ms, and what it said of tokens. */
  readonly costMs: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** False when the upstream said nothing of tokens. */
  readonly counted: boolean;
  /** Opaque to the cache. */
  readonly value: Buffer;
}

/** Beside the value: the entry itself, its key, its places in maps. Measured with `bench -- cache`. */
const OVERHEAD_BYTES = 400;
const MAGIC = 'SWG';
const VERSION = 1;
const COMPRESS_FROM_BYTES = 1_024;
const CHECKSUM_BYTES = 8;
const PLAIN = 0;
const ZSTD = 1;
/** A value that unpacks to more than any answer may have is not one of ours. */
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024;

export function sizeOf(entry: CacheEntry): number {
  return entry.value.length + OVERHEAD_BYTES;
}

/** `SWG`, version, compression, checksum of the rest, length of the head, head as JSON, value. */
export function encodeEntry({ value, ...head }: CacheEntry): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const plain = Buffer.concat([length, json, value]);
  const packed = plain.length >= COMPRESS_FROM_BYTES ? zstdCompressSync(plain) : plain;
  const compression = packed === plain ? PLAIN : ZSTD;
  return Buffer.concat([Buffer.from(MAGIC), Buffer.from([VERSION, compression]), checksum(packed), packed]);
}

/** @returns `foreign` for another version, which is no fault; null for what is broken */
export function decodeEntry(bytes: Buffer): CacheEntry | 'foreign' | null {
  const start = MAGIC.length + 2 + CHECKSUM_BYTES;
  if (bytes.length < start || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
  if (bytes[MAGIC.length] !== VERSION) return 'foreign';
  const packed = bytes.subarray(start);
  if (!checksum(packed).equals(bytes.subarray(MAGIC.length + 2, start))) return null;
  try {
    const plain =
      bytes[MAGIC.length + 1] === ZSTD
        ? zstdDecompressSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES })
        : packed;
    const end = 4 + plain.readUInt32LE(0);
    const head = JSON.parse(plain.toString('utf8', 4, end)) as Omit<CacheEntry, 'value'>;
    return { ...head, value: plain.subarray(end) };
  } catch {
    return null;
  }
}

function checksum(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest().subarray(0, CHECKSUM_BYTES);
}
