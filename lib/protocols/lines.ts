/**
 * Cuts the bytes of a text stream into lines, wherever its chunks end, in time linear in their length: the parts of a
 * line are joined once. A line ends with LF, CR or both.
 */
export class Lines {
  readonly #text = new TextDecoder();
  readonly #onLine: (line: string) => void;
  /** The beginning of a line whose end has not come. */
  #parts: string[] = [];
  #partChars = 0;
  /** The last character was a CR: a LF that follows belongs to it. */
  #isAfterCr = false;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Characters of a line whose end has not come. */
  get pendingChars(): number {
    return this.#partChars;
  }

  /** Throws whatever `onLine` throws. */
  push(chunk: Buffer): void {
    this.#feed(this.#text.decode(chunk, { stream: true }));
  }

  /** The stream has ended: its last line may lack its end. */
  end(): void {
    this.#feed(this.#text.decode());
    if (this.#partChars > 0) this.#onLine(this.#take(''));
  }

  #feed(text: string): void {
    let start = 0;
    if (this.#isAfterCr && text !== '') {
      this.#isAfterCr = false;
      if (text.charCodeAt(0) === LF) start = 1;
    }
    let lf = text.indexOf('\n', start);
    let cr = text.indexOf('\r', start);
    while (lf !== -1 || cr !== -1) {
      const isCr = cr !== -1 && (lf === -1 || cr < lf);
      const end = isCr ? cr : lf;
      const line = this.#partChars === 0 ? text.slice(start, end) : this.#take(text.slice(start, end));
      start = end + 1;
      if (isCr && start === text.length) this.#isAfterCr = true;
      else if (isCr && text.charCodeAt(start) === LF) start += 1;
      if (lf !== -1 && lf < start) lf = text.indexOf('\n', start);
      if (cr !== -1 && cr < start) cr = text.indexOf('\r', start);
      this.#onLine(line);
    }
    if (start === text.length) return;
    this.#parts.push(start === 0 ? text : text.slice(start));
    this.#partChars += text.length - start;
  }

  #take(last: string): string {
    this.#parts.push(last);
    const line = this.#parts.join('');
    this.#parts = [];
    this.#partChars = 0;
    return line;
  }
}

const LF = 10;
