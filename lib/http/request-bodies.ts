/**
 * One budget for the request bodies that are in memory, over all connections: from their second chunk until they are
 * answered. What counts is the memory that was taken for what arrived, never a length that was declared: a client could
 * keep others out by declaring alone. A body that comes in one piece is not counted; connections and queues bound those.
 */
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';

const BYTES_PER_MB = 1024 * 1024;
/** Of memory: a body is held as bytes, for a moment as text, and as what was parsed from it. */
const SHARE = 0.1;
/** Room for six bodies of the default limit, however small the container. */
const LEAST_BYTES = 64 * BYTES_PER_MB;
/** Beyond it the network, not memory, is what bodies wait for. */
const MOST_BYTES = 512 * BYTES_PER_MB;

/** A share of what memory there is for this process, within bounds. */
export function defaultBudgetBytes(
  memoryBytes: number = memoryOf(process.constrainedMemory(), totalmem()),
  heapBytes: number = getHeapStatistics().heap_size_limit,
): number {
  return Math.min(MOST_BYTES, Math.max(LEAST_BYTES, Math.floor(SHARE * Math.min(memoryBytes, heapBytes))));
}

/** Without a limit of its own a process is told 0, or a number that no machine has. */
function memoryOf(constrained: number, total: number): number {
  return constrained > 0 ? Math.min(constrained, total) : total;
}

export class RequestBodies {
  /** Why bodies were refused, since the start. */
  readonly refused = { overloaded: 0, too_slow: 0 };
  readonly #maxBytes: () => number;
  #heldBytes = 0;

  constructor(maxBytes: () => number = defaultBudgetBytes) {
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** False, with nothing taken, when the budget has not so much left. */
  tryHold(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#maxBytes()) return false;
    this.#heldBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}
