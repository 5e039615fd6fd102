'use client';

import { useState } from 'react';
import { rounded } from '#components/allocation/words.ts';
import { usePolled } from '#components/live/use-polled.ts';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { counted, formatCount, formatDuration } from '#components/ui/format.ts';
import { ReasonField, reasonIn } from '#components/ui/reason-field.tsx';
import { Skeleton, StateNote } from '#components/ui/state-notes.tsx';
import { type Frontier, frontierSchema, type Predictions } from '#lib/contracts/predictions.ts';

const WIDTH = 420;
const HEIGHT = 190;
const LEFT = 40;
const BOTTOM = 26;
const TOP = 12;

/** Cold starts against idle minutes: of fixed keep-alives, and of the learned one for every worth of a cold start. */
export function FrontierCard({ view, onChanged }: { view: Predictions; onChanged: () => Promise<unknown> }) {
  const asked = usePolled('/api/predictions/frontier', frontierSchema);
  return (
    <Card title="What is a cold start worth?" note="the recorded gaps between uses, replayed from the start">
      <div className="border-t px-4 py-3">
        {asked.state === 'loading' ? <Skeleton className="h-40" /> : null}
        {asked.state === 'error' ? (
          <StateNote kind="error" title="The frontier could not be worked out">
            {asked.message}
          </StateNote>
        ) : null}
        {asked.state === 'ready' && asked.data.gaps === 0 ? (
          <StateNote kind="noTraffic" title="No gap between two uses of a model was seen yet" />
        ) : null}
        {asked.state === 'ready' && asked.data.gaps > 0 ? (
          <Chosen frontier={asked.data} present={view.cold_start_worth} onChanged={onChanged} />
        ) : null}
      </div>
    </Card>
  );
}

function Chosen({
  frontier,
  present,
  onChanged,
}: {
  frontier: Frontier;
  present: number;
  onChanged: () => Promise<unknown>;
}) {
  const { learned, gaps } = frontier;
  const nearest = learned.reduce(
    (best, { cold_start_worth }, at) =>
      Math.abs(Math.log(cold_start_worth / present)) <
      Math.abs(Math.log((learned[best]?.cold_start_worth ?? 1) / present))
        ? at
        : best,
    0,
  );
  const [at, setAt] = useState<number | null>(null);
  const place = at ?? nearest;
  const point = learned[place];
  if (point === undefined) return null;
  const apply = async (form: FormData) => {
    await send('PATCH', '/api/predictions', {
      cold_start_worth: point.cold_start_worth,
      ...reasonIn(form),
    });
    setAt(null);
    await onChanged();
    return `One second of loading is worth ${point.cold_start_worth} idle seconds now.`;
  };
  return (
    <>
      <Plot frontier={frontier} place={place} />
      <label className="mt-2 flex flex-col gap-1">
        <span className="text-muted">
          λ: idle seconds that one second of loading is worth (now {rounded(present)})
        </span>
        <input
          type="range"
          min={0}
          max={learned.length - 1}
          step={1}
          value={place}
          aria-valuetext={`${point.cold_start_worth} idle seconds`}
          onChange={(event) => setAt(Number(event.target.value))}
          className="accent-[var(--accent)]"
        />
      </label>
      <p className="mt-1">
        <span className="font-medium">{rounded(point.cold_start_worth)} idle seconds:</span>{' '}
        {counted(point.cold_starts, 'cold start')} for {rounded(point.idle_warm_minutes)} idle minutes; a
        fixed keep-alive of as many minutes has {formatCount(point.fixed_cold_starts_at_budget)}.{' '}
        <span className="text-faint">{counted(gaps, 'gap')}, first uses included.</span>
      </p>
      <div className="mt-2">
        <ConfirmDialog
          trigger={<Button disabled={point.cold_start_worth === present}>Apply</Button>}
          title="Change what a cold start is worth?"
          effect={`Models are kept and preloaded as if one second of loading were worth ${rounded(point.cold_start_worth)} seconds of idle memory. Takes effect at once and outlives a restart, until the configuration says something else.`}
          verb="Apply"
          kind="primary"
          act={apply}
        >
          <ReasonField />
        </ConfirmDialog>
      </div>
    </>
  );
}

function Plot({ frontier, place }: { frontier: Frontier; place: number }) {
  const { fixed, learned } = frontier;
  const all = [...fixed, ...learned];
  const mostIdle = Math.max(1e-9, ...all.map(({ idle_warm_minutes }) => idle_warm_minutes));
  const mostCold = Math.max(1, ...all.map(({ cold_starts }) => cold_starts));
  const x = (minutes: number) => LEFT + (minutes / mostIdle) * (WIDTH - LEFT - 12);
  const y = (cold: number) => HEIGHT - BOTTOM - (cold / mostCold) * (HEIGHT - BOTTOM - TOP);
  const path = learned
    .map(
      ({ idle_warm_minutes, cold_starts }, at) =>
        `${at === 0 ? 'M' : 'L'}${x(idle_warm_minutes)} ${y(cold_starts)}`,
    )
    .join('');
  const chosen = learned[place];
  const text = fixed
    .map(
      ({ keep_alive_s, cold_starts, idle_warm_minutes }) =>
        `kept for ${formatDuration(keep_alive_s * 1_000)}: ${cold_starts} cold starts, ${rounded(idle_warm_minutes)} idle minutes`,
    )
    .join('; ');
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="w-full max-w-xl" role="img" aria-label={text}>
      <path d={`M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - 8}`} fill="none" stroke="var(--line)" />
      <path d={path} fill="none" stroke="var(--series-1)" strokeWidth={1.6} />
      {fixed.map(({ keep_alive_s, idle_warm_minutes, cold_starts }) => (
        <g key={keep_alive_s} fontSize={10} fill="var(--muted)">
          <rect
            x={x(idle_warm_minutes) - 3}
            y={y(cold_starts) - 3}
            width={6}
            height={6}
            fill="var(--series-3)"
          />
          <text
            x={x(idle_warm_minutes) + (x(idle_warm_minutes) > WIDTH * 0.7 ? -6 : 6)}
            y={y(cold_starts) - 5}
            textAnchor={x(idle_warm_minutes) > WIDTH * 0.7 ? 'end' : 'start'}
          >
            fixed {formatDuration(keep_alive_s * 1_000)}
          </text>
        </g>
      ))}
      {chosen === undefined ? null : (
        <circle cx={x(chosen.idle_warm_minutes)} cy={y(chosen.cold_starts)} r={4.5} fill="var(--closed)" />
      )}
      <g fontSize={10} fill="var(--faint)">
        <text x={LEFT - 5} y={TOP + 4} textAnchor="end">
          {formatCount(mostCold)}
        </text>
        <text x={LEFT} y={HEIGHT - 10}>
          0
        </text>
        <text x={WIDTH - 8} y={HEIGHT - 10} textAnchor="end">
          {rounded(mostIdle)} idle minutes
        </text>
        <text x={LEFT + 6} y={TOP + 2}>
          cold starts
        </text>
      </g>
    </svg>
  );
}
