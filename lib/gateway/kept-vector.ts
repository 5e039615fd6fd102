/** A vector as the cache keeps it: width of a number, length of the model's name, name, numbers. */
import type { Vector } from '#lib/protocols/vectors.ts';

export interface Kept {
  readonly vector: Vector;
  readonly model: string;
}

const HEAD_BYTES = 3;

export function valueOfKept({ vector: { bytesPerValue, bytes }, model }: Kept): Buffer {
  const name = Buffer.from(model);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(bytesPerValue, 0);
  head.writeUInt16LE(name.length, 1);
  return Buffer.concat([head, name, bytes]);
}

export function keptIn(value: Buffer): Kept {
  const end = HEAD_BYTES + value.readUInt16LE(1);
  return {
    model: value.toString('utf8', HEAD_BYTES, end),
    vector: { bytesPerValue: value.readUInt8(0) === 4 ? 4 : 8, bytes: value.subarray(end) },
  };
}
