'use client';

import { rounded, secondsText } from '#components/allocation/words.ts';
import { useLive } from '#components/live/live-context.ts';
import { Card } from '#components/ui/card.tsx';
import { type Column, DataTable } from '#components/ui/data-table.tsx';
import { counted, formatCount, formatDuration, UNKNOWN } from '#components/ui/format.ts';
import { LocalTime } from '#components/ui/local-time.tsx';
import { StateNote } from '#components/ui/state-notes.tsx';
import type { Warmth } from '#lib/contracts/predictions.ts';

type Model = Warmth['models'][number];
type Entry = Warmth['ledger'][number];

const WANTED = {
  keep_alive: 'used shortly before',
  forecast: 'usually wanted now',
} as const;
const OUTCOMES = {
  pending: '… waits for its use',
  used: '✓ used',
  wasted: '✕ not used',
  failed: '✕ did not load',
} as const;

const MODELS: readonly Column<Model>[] = [
  {
    key: 'model',
    header: 'Model',
    card: 'title',
    cell: ({ upstream, model }) => (
      <span className="font-mono break-all">
        {upstream}/{model}
      </span>
    ),
  },
  {
    key: 'loaded',
    header: 'In memory',
    width: '16%',
    cell: ({ loaded }) => (loaded === null ? 'not seen' : loaded ? '● yes' : '○ no'),
  },
  {
    key: 'wanted',
    header: 'Should be',
    width: '24%',
    cell: ({ wanted }) => (wanted === null ? <span className="text-faint">no</span> : WANTED[wanted]),
  },
  {
    key: 'keep',
    header: 'Kept for',
    align: 'end',
    width: '12%',
    cell: ({ keep_alive_s }) => secondsText(keep_alive_s),
  },
  {
    key: 'load',
    header: 'Loads in',
    align: 'end',
    width: '12%',
    cell: ({ load_s }) => (load_s === null ? UNKNOWN : secondsText(load_s)),
  },
  { key: 'gaps', header: 'Gaps', align: 'end', width: '10%', cell: ({ gaps }) => formatCount(gaps) },
];

/** Which models are kept in memory and why, what that has cost and saved, and each preload with what came of it. */
export function WarmthCard({ warmth }: { warmth: Warmth }) {
  const { measured, compared, preloads, models, ledger, mode, refusal } = warmth;
  return (
    <div className="grid gap-2.5 lg:grid-cols-2">
      <Card
        title="Models in memory"
        note={mode === 'act' ? 'acts' : `${mode}s${refusal === null ? '' : `: ${refusal}`}`}
      >
        <div className="border-t">
          <DataTable
            caption="Models in memory"
            columns={MODELS}
            rows={models}
            keyOf={({ upstream, model }) => `${upstream}/${model}`}
            empty={<StateNote kind="noTraffic" title="No model was used yet" />}
          />
          <p className="border-t px-4 py-2 text-muted">
            Measured since the start: {counted(measured.cold_starts, 'call')} waited for a load, models were
            in memory and unused for {rounded(measured.idle_warm_minutes)} minutes. Over{' '}
            {counted(compared.gaps, 'gap')} between uses the learned policy comes to{' '}
            {counted(compared.learned.cold_starts, 'cold start')} and{' '}
            {rounded(compared.learned.idle_warm_minutes)} idle minutes, keeping each for{' '}
            {formatDuration(warmth.server_keep_alive_s * 1_000)} to {formatCount(compared.server.cold_starts)}{' '}
            and {rounded(compared.server.idle_warm_minutes)}.
          </p>
        </div>
      </Card>
      <Card
        title="Ledger of preloads"
        note={`${formatCount(preloads.used)} used · ${formatCount(preloads.wasted)} not · ${formatCount(preloads.pending)} open`}
      >
        <div className="border-t">
          {ledger.length === 0 ? (
            <StateNote kind="noTraffic" title="No model was brought in ahead of its use yet" />
          ) : (
            <ul className="max-h-80 overflow-auto">
              {ledger.map((entry) => (
                <Line key={entry.id} entry={entry} />
              ))}
            </ul>
          )}
        </div>
      </Card>
    </div>
  );
}

function Line({ entry }: { entry: Entry }) {
  const { nowMs } = useLive();
  const saved =
    entry.would_have_been_cold === null
      ? ''
      : entry.would_have_been_cold
        ? ', its use would have waited for a load'
        : ', it would have been there anyway';
  return (
    <li className="flex flex-wrap gap-x-2 border-b px-4 py-1.5 last:border-b-0">
      <span className="text-muted">
        <LocalTime iso={entry.at} nowMs={nowMs} />
      </span>
      <span className="font-mono break-all">
        {entry.upstream}/{entry.model}
      </span>
      <span className="text-muted">{WANTED[entry.reason]}</span>
      <span className={`ml-auto ${entry.outcome === 'used' ? 'text-closed' : ''}`}>
        {OUTCOMES[entry.outcome]}
        <span className="text-muted">{saved}</span>
      </span>
    </li>
  );
}
