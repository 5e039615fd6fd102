/** What operators and scripts do to breakers: each act is carried out, audited, and answered with the new state. */
import { statusOf, triggerFailure } from '#lib/breaker/trigger.ts';
import {
  type BreakerQuery,
  type BreakerView,
  breakerQuerySchema,
  holdRequestSchema,
  liftRequestSchema,
  reasonRequestSchema,
  settingsPatchSchema,
  type TestStatus,
  type TriggerResult,
  tripRequestSchema,
  type WhatIf,
  whatIfRequestSchema,
} from '#lib/contracts/breakers.ts';
import { type Standing, worstFirst } from '#lib/contracts/worst-first.ts';
import type { Call } from '#lib/control/route.ts';
import { SwitchgearError } from '#lib/errors.ts';

const MAX_TRANSITIONS = 100;

type CircuitBreaker = ReturnType<Call['runtime']['breakers']['require']>;

export function list({ runtime, search }: Pick<Call, 'runtime' | 'search'>) {
  const { order, limit, offset = 0, ...filter } = search(breakerQuerySchema);
  const chosen = runtime.breakers
    .list()
    .map((breaker) => breaker.standing())
    .filter((each) => isWanted(each, filter));
  const ordered = order === 'worst' ? worstFirst(chosen) : chosen;
  const page = ordered.slice(offset, limit === undefined ? undefined : offset + limit);
  return {
    breakers: page.map(({ name }) => runtime.breakers.require(name).snapshot()),
    total: chosen.length,
    coverage: runtime.coverage(),
  };
}

function isWanted(
  { name, state, hold }: Standing,
  wanted: Pick<BreakerQuery, 'state' | 'upstream' | 'name'>,
): boolean {
  if (wanted.name !== undefined && !name.includes(wanted.name)) return false;
  // A component's name begins with that of its upstream, which has neither dots nor slashes.
  if (wanted.upstream !== undefined && name.split(/[./]/, 1)[0] !== wanted.upstream) return false;
  if (wanted.state === undefined) return true;
  return wanted.state === 'held' ? hold !== null : state === wanted.state;
}

export const show = (call: Call): BreakerView => breakerOf(call).snapshot();

/** From the event log, so that those of earlier processes are there too. */
export const transitions = (call: Call) => ({
  transitions: call.runtime.transitionsOf(breakerOf(call).name, MAX_TRANSITIONS),
});

export async function trip(call: Call): Promise<BreakerView> {
  const { reason, duration_s } = await call.body(tripRequestSchema);
  return act(call, 'trip', reason, (breaker) => breaker.trip({ by: call.by, reason, durationS: duration_s }));
}

export async function hold(call: Call): Promise<BreakerView> {
  const { mode, reason, duration_s } = await call.body(holdRequestSchema);
  return act(call, 'hold', reason, (breaker) =>
    breaker.hold({ mode, by: call.by, reason, durationS: duration_s }),
  );
}

export async function lift(call: Call): Promise<BreakerView> {
  const { reason, id } = await call.body(liftRequestSchema);
  return act(call, 'lift', reason, (breaker) => breaker.lift({ by: call.by, reason }, id));
}

export async function probe(call: Call): Promise<BreakerView> {
  const { reason } = await call.body(reasonRequestSchema);
  return act(call, 'probe', reason, (breaker) => breaker.probeNow({ by: call.by, reason }));
}

export async function reset(call: Call): Promise<BreakerView> {
  const { reason } = await call.body(reasonRequestSchema);
  return act(call, 'reset', reason, (breaker) => breaker.reset({ by: call.by, reason }));
}

export async function updateSettings(call: Call): Promise<BreakerView> {
  const { reason, ...patch } = await call.body(settingsPatchSchema);
  return act(call, 'settings', reason, (breaker) => breaker.override(patch));
}

/** Back to what the configuration says. */
export async function restoreSettings(call: Call): Promise<BreakerView> {
  const { reason } = await call.body(reasonRequestSchema);
  return act(call, 'settings', reason, (breaker) => breaker.clearOverrides());
}

export async function whatIf(call: Call): Promise<WhatIf> {
  const draft = await call.body(whatIfRequestSchema);
  return call.runtime.whatIf(breakerOf(call).name, draft);
}

/** `GET /api/test/circuit-breaker/status`. */
export function testStatus({ runtime }: Call): TestStatus {
  return Object.fromEntries(runtime.breakers.list().map((breaker) => [breaker.name, statusOf(breaker)]));
}

/** `POST /api/test/circuit-breaker/trigger-failure/{component}?failure_count=N`. */
export async function testTrigger(call: Call): Promise<TriggerResult> {
  const { reason } = await call.body(reasonRequestSchema);
  const breaker = breakerOf(call, 'component');
  const asked = call.query.get('failure_count');
  const before = breaker.snapshot();
  const result = asked === null ? triggerFailure(breaker) : triggerFailure(breaker, wholeNumber(asked));
  audit(call, breaker, 'trigger_failure', reason, before);
  return result;
}

/** `POST /api/test/circuit-breaker/reset/{component}`. */
export async function testReset(call: Call): Promise<{ status: 'reset'; component: string }> {
  const { reason } = await call.body(reasonRequestSchema);
  const breaker = breakerOf(call, 'component');
  const before = breaker.snapshot();
  breaker.reset({ by: call.by, reason });
  audit(call, breaker, 'reset', reason, before);
  return { status: 'reset', component: breaker.name };
}

function act(
  call: Call,
  action: string,
  reason: string | undefined,
  carryOut: (breaker: CircuitBreaker) => void,
) {
  const breaker = breakerOf(call);
  const before = breaker.snapshot();
  carryOut(breaker);
  return audit(call, breaker, action, reason, before);
}

/** Notes who did what; answers the state as it is now. */
function audit(
  call: Call,
  breaker: CircuitBreaker,
  action: string,
  reason: string | undefined,
  before: BreakerView,
): BreakerView {
  const after = breaker.snapshot();
  const brief = ({ state, holds, settings }: BreakerView) => ({ state, holds, settings });
  call.runtime.audit({
    action: `operator_${action}`,
    component: breaker.name,
    by: call.by,
    reason,
    before: brief(before),
    after: brief(after),
  });
  return after;
}

function breakerOf(call: Call, param: 'name' | 'component' = 'name'): CircuitBreaker {
  return call.runtime.breakers.require(call.params[param] ?? '');
}

function wholeNumber(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw new SwitchgearError(
    'bad_request',
    `failure_count: ${JSON.stringify(text.slice(0, 40))} is not allowed; must be a whole number from 1 to 100`,
  );
}
