'use client';

import { useState } from 'react';
import useSWR from 'swr';
import { apiOf } from '#components/breakers/paths.ts';
import { words } from '#components/events/describe.ts';
import { useLive } from '#components/live/live-context.ts';
import { load } from '#components/ui/api.ts';
import { counted, formatRate } from '#components/ui/format.ts';
import { LocalTime } from '#components/ui/local-time.tsx';
import { type Transition, transitionListSchema } from '#lib/contracts/breakers.ts';

const SHOWN = 8;

/** What changed a breaker, newest first, each with its evidence. */
export function Transitions({
  component,
  lastAt,
  outageAt,
}: {
  component: string;
  lastAt: string | null;
  /** When the outage began that it is in; null without one. */
  outageAt: string | null;
}) {
  const path = apiOf(component, 'transitions');
  // Asked again when the snapshot shows a later one.
  const { data, error, isLoading } = useSWR([path, lastAt], () => load(path, transitionListSchema), {
    keepPreviousData: true,
  });
  const [shown, setShown] = useState(SHOWN);
  if (isLoading) return <p className="text-faint">Loading its history…</p>;
  if (data === undefined)
    return <p className="text-open">{error instanceof Error ? error.message : 'No answer'}</p>;
  if (data.transitions.length === 0)
    return <p className="text-faint">Nothing has changed it in the days that are kept.</p>;
  return (
    <>
      <ol className="flex flex-col gap-1.5">
        {data.transitions.slice(0, shown).map((each) => (
          <Line
            key={`${each.at} ${each.generation} ${each.cause}`}
            transition={each}
            isOfOutage={outageAt !== null && each.at >= outageAt}
          />
        ))}
      </ol>
      {data.transitions.length <= shown ? null : (
        <button
          type="button"
          onClick={() => setShown(data.transitions.length)}
          className="mt-2 text-muted underline underline-offset-4"
        >
          Show {data.transitions.length - shown} more
        </button>
      )}
    </>
  );
}

function Line({
  transition: { at, from, to, cause, by, reason, generation, evidence },
  isOfOutage,
}: {
  transition: Transition;
  isOfOutage: boolean;
}) {
  const { nowMs } = useLive();
  return (
    <li className={`flex flex-wrap gap-x-3 ${isOfOutage ? 'border-l-2 border-open pl-2' : ''}`}>
      <LocalTime iso={at} nowMs={nowMs} className="text-faint" />
      <span>
        {name(from)} → {name(to)}: {words(cause)}
        {by === null ? '' : ` by ${by}`}
        {reason === null ? '' : ` (“${reason}”)`}
      </span>
      <span className="text-muted">
        {evidenceOf(evidence)}
        <span className="text-faint"> · generation {generation}</span>
        {isOfOutage ? <span className="text-open"> · this outage</span> : null}
      </span>
      {evidence.errors.length === 0 ? null : (
        <ul className="w-full text-muted" aria-label="Last distinct errors, newest first">
          {evidence.errors.map(({ kind, message, count }) => (
            <li key={`${kind} ${message}`} className="break-words">
              {counted(count, 'time')} <span className="font-mono">{kind}</span>: {message}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

/** The counts against the thresholds as they stood. */
function evidenceOf({
  calls,
  failures,
  slow,
  failure_rate,
  slow_rate,
  settings,
}: Transition['evidence']): string {
  if (calls === 0) return 'no calls in its window';
  const failed = `${failures} of ${calls} failed (${formatRate(failure_rate)}, opens at ${settings.failure_rate_percent} %)`;
  if (slow === 0) return failed;
  return `${failed}, ${slow} slow (${formatRate(slow_rate)}, opens at ${settings.slow_rate_percent} %)`;
}

function name(state: string): string {
  return state.replace('_', '-');
}
