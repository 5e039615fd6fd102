'use client';

import useSWR from 'swr';
import { words } from '#components/events/describe.ts';
import { useLive } from '#components/live/live-context.ts';
import { load } from '#components/ui/api.ts';
import { formatRate } from '#components/ui/format.ts';
import { LocalTime } from '#components/ui/local-time.tsx';
import { type Transition, transitionListSchema } from '#lib/contracts/breakers.ts';

const SHOWN = 8;

/** What changed a breaker, newest first, each with its evidence. */
export function Transitions({ component, lastAt }: { component: string; lastAt: string | null }) {
  const path = `/api/breakers/${encodeURIComponent(component)}/transitions`;
  // Asked again when the snapshot shows a later one.
  const { data, error, isLoading } = useSWR([path, lastAt], () => load(path, transitionListSchema), {
    keepPreviousData: true,
  });
  if (isLoading) return <p className="text-faint">Loading its history…</p>;
  if (data === undefined)
    return <p className="text-open">{error instanceof Error ? error.message : 'No answer'}</p>;
  if (data.transitions.length === 0)
    return <p className="text-faint">Nothing has changed it since the server started.</p>;
  return (
    <ol className="flex flex-col gap-1.5">
      {data.transitions.slice(0, SHOWN).map((each) => (
        <Line key={`${each.at} ${each.generation} ${each.cause}`} transition={each} />
      ))}
    </ol>
  );
}

function Line({ transition: { at, from, to, cause, by, reason, evidence } }: { transition: Transition }) {
  const { nowMs } = useLive();
  const [error] = evidence.errors;
  return (
    <li className="flex flex-wrap gap-x-3">
      <LocalTime iso={at} nowMs={nowMs} className="text-faint" />
      <span>
        {name(from)} → {name(to)}: {words(cause)}
        {by === null ? '' : ` by ${by}`}
        {reason === null ? '' : ` (“${reason}”)`}
      </span>
      <span className="text-muted">
        {evidence.failures} of {evidence.calls} calls failed ({formatRate(evidence.failure_rate)})
        {error === undefined ? '' : `, last: ${error.message}`}
      </span>
    </li>
  );
}

function name(state: string): string {
  return state.replace('_', '-');
}
