'use client';

import useSWR from 'swr';
import { describeCause } from '#components/first-page/why.ts';
import { load } from '#components/ui/api.ts';
import { formatRate, formatTime } from '#components/ui/format.ts';
import { useNow } from '#components/ui/use-now.ts';
import { type Transition, transitionListSchema } from '#lib/contracts/breakers.ts';

const POLL_MS = 4_000;
const SHOWN = 8;

/** What changed a breaker, newest first, each with its evidence. */
export function Transitions({ component }: { component: string }) {
  const path = `/api/breakers/${encodeURIComponent(component)}/transitions`;
  const { data, error, isLoading } = useSWR(path, () => load(path, transitionListSchema), {
    refreshInterval: POLL_MS,
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
  const now = useNow();
  const [error] = evidence.errors;
  return (
    <li className="flex flex-wrap gap-x-3">
      <time dateTime={at} className="text-faint">
        {now === null ? '' : formatTime(at, now)}
      </time>
      <span>
        {name(from)} → {name(to)}: {describeCause(cause)}
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
