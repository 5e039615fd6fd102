import type { Workload } from '#lib/contracts/workload.ts';

/** Before the first one was started. */
export const NO_WORKLOAD: Workload = {
  state: 'idle',
  settings: null,
  by: null,
  started_at: null,
  ended_at: null,
  end_cause: null,
  progress: null,
  target_rate_per_s: 0,
  sent: 0,
  in_flight: 0,
  skipped: 0,
  answers: {},
};
