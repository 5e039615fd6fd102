/**
 * Reads one JSON object as its bytes stream by, in any chunks and in constant memory: whether brackets and strings close,
 * what its short members say, and where one member's value stands, so that another can be put in its place. What is
 * inside of nested values is not judged further.
 */
import { cut, invalid } from '#lib/protocols/upstream-answer.ts';

export interface ScanOptions {
  /** Members whose values are kept, each while it is short. */
  readonly watched: ReadonlySet<string>;
  /** JSON in the place of the value of that member. */
  readonly replaced?: { readonly name: string; readonly value: string };
}

/** Longer values of watched members are not kept, and longer names are nobody's. */
const MAX_KEPT_CHARS = 16 * 1024;
const MAX_NAME_CHARS = 256;
const MAX_DEPTH = 512;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const VALUE_BEGINS = Buffer.from('"{[-0123456789tfn');

/** What comes next of the object: its `{`; a name or its `}`; a name; … ; a comma or its `}`; nothing. */
type Place = 'start' | 'first' | 'name' | 'in_name' | 'colon' | 'value' | 'in_value' | 'after' | 'end';

export class ObjectScan {
  /** JSON of watched members. */
  readonly kept = new Map<string, string>();
  /** Watched members whose values were too long to be kept. */
  readonly unkept = new Set<string>();
  /** Members whose value is a list. */
  readonly lists = new Set<string>();
  readonly #options: ScanOptions;
  #place: Place = 'start';
  #name = '';
  #keeps: string | null = null;
  #isReplacing = false;
  #isInString = false;
  #isEscaped = false;
  /** Open brackets inside of the present value. */
  readonly #open = new Uint8Array(MAX_DEPTH);
  #depth = 0;

  constructor(options: ScanOptions) {
    this.#options = options;
  }

  /** @returns what is to be sent on of it @throws SwitchgearError `upstream_invalid` for what is no JSON object */
  push(chunk: Buffer): Buffer[] {
    const out: Buffer[] = [];
    let [sentTo, at] = [0, 0];
    while (at < chunk.length) {
      if (this.#place === 'in_value') {
        const end = this.#valueEnd(chunk, at);
        if (this.#keeps !== null) this.#keep(chunk, at, end);
        if (this.#isReplacing) {
          sentTo = end;
          this.#isReplacing = this.#isInValue;
        }
        at = end;
        continue;
      }
      const byte = chunk[at] ?? 0;
      if (this.#place === 'in_name') {
        at = this.#nameEnd(chunk, at);
        continue;
      }
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
        at += 1;
        continue;
      }
      if (this.#place === 'value') {
        this.#beginValue(byte);
        const { replaced } = this.#options;
        if (replaced?.name === this.#name) {
          out.push(chunk.subarray(sentTo, at), Buffer.from(replaced.value));
          sentTo = at;
          this.#isReplacing = true;
        }
        continue;
      }
      this.#between(byte);
      at += 1;
    }
    if (sentTo < chunk.length && !this.#isReplacing) out.push(chunk.subarray(sentTo));
    return out.filter(({ length }) => length > 0);
  }

  /** @throws SwitchgearError `upstream_invalid` when the object has not come to its end */
  end(): void {
    if (this.#place !== 'end') throw cut();
  }

  /** Punctuation of the object itself. */
  #between(byte: number): void {
    const place = this.#place;
    if (place === 'start' && byte === OPEN_BRACE) this.#place = 'first';
    else if (place === 'colon' && byte === COLON) this.#place = 'value';
    else if ((place === 'first' || place === 'name') && byte === QUOTE) {
      this.#place = 'in_name';
      this.#name = '';
    } else if (place === 'after' && byte === COMMA) this.#place = 'name';
    else if ((place === 'after' || place === 'first') && byte === CLOSE_BRACE) this.#place = 'end';
    else if (place !== 'start' || !BYTE_ORDER_MARK.includes(byte))
      throw invalid('an answer that is not JSON');
  }

  get #isInValue(): boolean {
    return this.#place === 'in_value';
  }

  #nameEnd(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) {
        this.#addToName(chunk, from, at);
        this.#place = 'colon';
        return at + 1;
      }
    }
    this.#addToName(chunk, from, chunk.length);
    return chunk.length;
  }

  #addToName(chunk: Buffer, from: number, to: number): void {
    if (this.#name.length <= MAX_NAME_CHARS)
      this.#name += chunk.toString('latin1', from, Math.min(to, from + MAX_NAME_CHARS + 1));
  }

  #beginValue(byte: number): void {
    if (!VALUE_BEGINS.includes(byte)) throw invalid('an answer that is not JSON');
    this.#place = 'in_value';
    this.#keeps = this.#options.watched.has(this.#name) ? '' : null;
    if (byte === OPEN_BRACKET) this.lists.add(this.#name);
  }

  /** The index after the value, or the chunk's end when it goes on. */
  #valueEnd(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      if (this.#isInString) {
        at = this.#stringEnd(chunk, at);
        if (!this.#isInString && this.#depth === 0) return this.#endValue(at);
        continue;
      }
      const byte = chunk[at] ?? 0;
      switch (byte) {
        case QUOTE:
          this.#isInString = true;
          break;
        case OPEN_BRACE:
        case OPEN_BRACKET:
          if (this.#depth === MAX_DEPTH) throw invalid(`an answer that nests deeper than ${MAX_DEPTH}`);
          this.#open[this.#depth] = byte;
          this.#depth += 1;
          break;
        case CLOSE_BRACE:
        case CLOSE_BRACKET:
          // Of the object itself: the value was a number or a word.
          if (this.#depth === 0) return this.#endValue(at);
          this.#depth -= 1;
          if (this.#open[this.#depth] !== byte - 2) throw invalid('an answer whose brackets do not match');
          if (this.#depth === 0) return this.#endValue(at + 1);
          break;
        case COMMA:
        case 0x20:
        case 0x0a:
        case 0x0d:
        case 0x09:
          if (this.#depth === 0) return this.#endValue(at);
          break;
        default:
      }
      at += 1;
    }
    return at;
  }

  #stringEnd(chunk: Buffer, from: number): number {
    let at = from;
    if (this.#isEscaped) {
      this.#isEscaped = false;
      at += 1;
    }
    for (;;) {
      const quote = chunk.indexOf(QUOTE, at);
      const end = quote === -1 ? chunk.length : quote;
      // An odd number of backslashes before the quote makes it part of the string.
      let slashes = 0;
      while (end - slashes > at && chunk[end - slashes - 1] === BACKSLASH) slashes += 1;
      const isEscaped = slashes % 2 === 1;
      if (quote === -1) {
        this.#isEscaped = isEscaped;
        return chunk.length;
      }
      at = quote + 1;
      if (!isEscaped) {
        this.#isInString = false;
        return at;
      }
    }
  }

  #endValue(at: number): number {
    this.#place = 'after';
    return at;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    this.#keeps = `${this.#keeps}${chunk.toString('latin1', from, Math.min(to, from + MAX_KEPT_CHARS + 1))}`;
    const isOver = !this.#isInValue;
    if (isOver && this.#keeps.length <= MAX_KEPT_CHARS)
      this.kept.set(this.#name, Buffer.from(this.#keeps, 'latin1').toString('utf8'));
    if (this.#keeps.length > MAX_KEPT_CHARS) this.unkept.add(this.#name);
    if (isOver || this.#keeps.length > MAX_KEPT_CHARS) this.#keeps = null;
  }
}
