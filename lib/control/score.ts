/** The scorecard and its load test. */
import { type LoadTest, loadTestRequestSchema, type Score } from '#lib/contracts/score.ts';
import type { Call } from '#lib/control/route.ts';

export const show = ({ runtime }: Pick<Call, 'runtime'>): Score => runtime.score();

export const showLoadTest = ({ runtime }: Call): LoadTest => runtime.loadTests.status();

export async function startLoadTest(call: Call): Promise<LoadTest> {
  const { round_s, reason } = await call.body(loadTestRequestSchema);
  const started = await call.runtime.loadTests.start(round_s, call.by);
  call.runtime.audit({ action: 'operator_load_test', by: call.by, reason, after: { round_s } });
  return started;
}

export const stopLoadTest = ({ runtime }: Call): LoadTest => runtime.loadTests.stop();
