/** The configuration file as bytes: how it is looked at while the server runs, and when its bytes are a text. */
import { hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

export const MAX_FILE_BYTES = 1024 * 1024;

/** What one look at a file found. */
export interface Look {
  /** Null when the file cannot be used. */
  content: Buffer | null;
  /** A digest of the content; why there is none, when it cannot be used. */
  digest: string;
  /** Changes with the content and with every write, one that leaves the content as it was included. */
  stamp: string;
}

/** By what contents are compared. */
export function digestOf(content: Buffer): string {
  return hash('sha256', content);
}

/** The text of a file; null when its bytes are not UTF-8, or hold what no text has, as a block not yet written does. */
export function textOf(content: Buffer): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

/** Reads the file once, whatever stands in its place by now. Never rejects. */
export async function lookAt(path: string): Promise<Look> {
  try {
    // A pipe in its place would keep an opening that waits for its writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return await read(file);
    } finally {
      await file.close();
    }
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown';
    return unusable(`not readable (${code})`);
  }
}

async function read(file: FileHandle): Promise<Look> {
  const before = await file.stat();
  if (!before.isFile()) return unusable('not a regular file');
  if (before.size > MAX_FILE_BYTES) return unusable('larger than 1 MiB');
  // One byte of room shows that it grows; the next look then finds another content.
  const buffer = Buffer.alloc(before.size + 1);
  let length = 0;
  for (let got = -1; got !== 0 && length < buffer.length; length += got)
    got = (await file.read(buffer, length, buffer.length - length, length)).bytesRead;
  const content = buffer.subarray(0, length);
  const { mtimeNs } = await file.stat({ bigint: true });
  const digest = digestOf(content);
  return { content, digest, stamp: `${digest} ${mtimeNs}` };
}

function unusable(why: string): Look {
  return { content: null, digest: why, stamp: why };
}
