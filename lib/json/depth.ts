/**
 * How deep JSON text is nested, found before anything recurses over it or allocates for it: one pass over the bytes that
 * knows strings and escapes, and nothing else of JSON. Up to the first fault of a text that is no JSON it sees what a
 * parser sees, so that no parser goes deeper.
 */

/**
 * Levels of arrays and objects. OpenAI takes schemas of ten levels, each up to four of JSON (`properties`, a name,
 * `anyOf`, its entry), some six below the body; documents as arguments of tools rarely have thirty. Parsers of
 * model servers end at 128 (serde_json) and 200 (jiter, pydantic's), and what recurses here holds thousands.
 */
export const MAX_JSON_DEPTH = 256;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The deepest level of a text; 0 for a value that is neither array nor object. Linear, and without recursion. */
export function jsonDepth(bytes: Uint8Array): number {
  const { length } = bytes;
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      for (at += 1; at < length && bytes[at] !== QUOTE; at += 1) if (bytes[at] === BACKSLASH) at += 1;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1;
  }
  return deepest;
}

/**
 * What is wrong with the nesting of a JSON text, as the end of a sentence about it; null when nothing is.
 * @param limit levels that are allowed
 */
export function depthFault(text: string, limit: number = MAX_JSON_DEPTH): string | null {
  if (!mayBeDeeper(text, limit)) return null;
  const depth = jsonDepth(Buffer.from(text));
  return depth > limit ? `nested ${depth} levels deep; at most ${limit} are allowed` : null;
}

/** False for nearly all: too short to open and close so many, or with fewer brackets, which `memchr` finds. */
function mayBeDeeper(text: string, limit: number): boolean {
  if (text.length <= 2 * limit) return false;
  let left = limit;
  for (let at = text.indexOf('{'); at !== -1; at = text.indexOf('{', at + 1)) if (--left < 0) return true;
  for (let at = text.indexOf('['); at !== -1; at = text.indexOf('[', at + 1)) if (--left < 0) return true;
  return false;
}
