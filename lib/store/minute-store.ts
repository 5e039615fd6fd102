/** Where rows of a minute are kept. */

export interface MinuteRow {
  /** Epoch seconds, a multiple of 60. */
  readonly minuteS: number;
  readonly scope: string;
  /** How much of the minute was measured. */
  readonly measuredMs: number;
  readonly body: Uint8Array;
}

export interface MinuteStore {
  /** All rows of one minute. */
  at(minuteS: number): MinuteRow[];
  /** Writes rows, in place of those of the same minute and scope, all or none. */
  write(rows: readonly MinuteRow[]): void;
  /** Rows of a scope from `fromS` until before `toS`, oldest first, at most `limit`. */
  read(scope: string, fromS: number, toS: number, limit: number): MinuteRow[];
  /** Forgets what began before. */
  prune(beforeS: number): void;
}
