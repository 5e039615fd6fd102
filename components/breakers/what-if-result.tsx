'use client';

import { useLive } from '#components/live/live-context.ts';
import { counted, formatCount, formatDuration, formatRate } from '#components/ui/format.ts';
import { LocalTime } from '#components/ui/local-time.tsx';
import type { Replay, WhatIf } from '#lib/contracts/breakers.ts';

const LISTED = 5;

/** What the draft would have done in the recorded time, beside the present settings. */
export function WhatIfResult({ result }: { result: WhatIf }) {
  const { nowMs } = useLive();
  const { from, to, outcomes, draft, current } = result;
  const span = [Date.parse(from), Date.parse(to)] as const;
  return (
    <section aria-label="What if" className="border-t px-4 py-3" data-part="what-if">
      <p className="text-muted">
        {counted(outcomes, 'call')} of {formatDuration(span[1] - span[0])}, since{' '}
        <LocalTime iso={from} nowMs={nowMs} />. Calls that were refused then are in no recording.
      </p>
      <table className="mt-2 w-full text-left" aria-label="Draft and present settings replayed">
        <thead className="text-muted">
          <tr className="[&>th]:pr-3 [&>th]:font-normal">
            <th>Settings</th>
            <th className="text-right">Trips</th>
            <th className="text-right">Not closed</th>
            <th className="text-right">Calls saved</th>
            <th className="text-right">Wrongly refused</th>
          </tr>
        </thead>
        <tbody>
          <Line name="Draft" replay={draft} />
          <Line name="Present" replay={current} />
        </tbody>
      </table>
      <Strip name="Draft" replay={draft} span={span} />
      <Strip name="Present" replay={current} span={span} />
      {draft.trips.length === 0 ? (
        <p className="mt-2 text-muted">With the draft it would not have opened.</p>
      ) : (
        <ol className="mt-2 text-muted" aria-label="When the draft would have opened, newest first">
          {draft.trips
            .toReversed()
            .slice(0, LISTED)
            .map(({ at, until, cause, calls, failure_rate, slow_rate }) => (
              <li key={at}>
                <LocalTime iso={at} nowMs={nowMs} />{' '}
                {cause === 'slow_rate'
                  ? `${formatRate(slow_rate)} of ${calls} slow`
                  : `${formatRate(failure_rate)} of ${calls} failed`}
                ,{' '}
                {until === null
                  ? 'not closed again'
                  : `closed after ${formatDuration(Date.parse(until) - Date.parse(at))}`}
              </li>
            ))}
          {draft.trip_count > LISTED ? <li>and {draft.trip_count - LISTED} before</li> : null}
        </ol>
      )}
    </section>
  );
}

function Line({ name, replay }: { name: string; replay: Replay }) {
  return (
    <tr className="[&>td]:pr-3 [&>td]:text-right">
      <th scope="row" className="font-medium">
        {name}
      </th>
      <td>{formatCount(replay.trip_count)}</td>
      <td>{formatDuration(replay.open_s * 1_000)}</td>
      <td className={replay.calls_saved > 0 ? 'text-closed' : ''}>{formatCount(replay.calls_saved)}</td>
      <td className={replay.calls_wrongly_refused > 0 ? 'text-open' : ''}>
        {formatCount(replay.calls_wrongly_refused)}
      </td>
    </tr>
  );
}

/** The recorded time from left to right, dark where the breaker would not have been closed. */
function Strip({
  name,
  replay,
  span: [from, to],
}: {
  name: string;
  replay: Replay;
  span: readonly [number, number];
}) {
  const place = (ms: number) => ((ms - from) / Math.max(1, to - from)) * 100;
  return (
    <div className="mt-1.5 flex items-center gap-2" aria-hidden>
      <span className="w-14 text-faint">{name}</span>
      <div className="relative h-2 flex-1 overflow-hidden rounded bg-raised">
        {replay.trips.map(({ at, until }) => {
          const left = place(Date.parse(at));
          const right = until === null ? 100 : place(Date.parse(until));
          return (
            <div
              key={at}
              className="absolute h-2 min-w-px bg-open"
              style={{ left: `${left}%`, width: `${right - left}%` }}
            />
          );
        })}
      </div>
    </div>
  );
}
