/** What the breaker is to reach, judged from the medians. */

export interface Figures {
  /** Nanoseconds a call over a bare one. */
  closedOverBareNs: number;
  /** A failing call with 50,000 samples in the window over one with 100. */
  failing50kOver100: number;
  /** Nanoseconds of a refusal, the awaiting of it included. */
  rejectingNs: number;
  /** Milliseconds of a snapshot of 1,000 components. */
  snapshotMs: number;
}

export interface Verdict {
  goal: string;
  measured: string;
  reached: boolean;
}

export function judge(figures: Figures): Verdict[] {
  const { closedOverBareNs, failing50kOver100, rejectingNs, snapshotMs } = figures;
  return [
    {
      goal: 'closed at most 2 µs over a bare call',
      measured: `${(closedOverBareNs / 1_000).toFixed(2)} µs`,
      reached: closedOverBareNs <= 2_000,
    },
    {
      goal: 'failing with 50,000 samples at most 1.5 times with 100',
      measured: `${failing50kOver100.toFixed(2)} times`,
      reached: failing50kOver100 <= 1.5,
    },
    {
      goal: 'rejecting at most 1 µs',
      measured: `${(rejectingNs / 1_000).toFixed(2)} µs`,
      reached: rejectingNs <= 1_000,
    },
    {
      goal: 'a snapshot of 1,000 components within 5 ms',
      measured: `${snapshotMs.toFixed(2)} ms`,
      reached: snapshotMs <= 5,
    },
  ];
}
