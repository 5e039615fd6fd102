'use client';

import { ACTUATOR_NAMES, rounded } from '#components/allocation/words.ts';
import { Card } from '#components/ui/card.tsx';
import { type Column, DataTable } from '#components/ui/data-table.tsx';
import { formatRate, UNKNOWN } from '#components/ui/format.ts';
import type { AllocationTarget, Predictions } from '#lib/contracts/predictions.ts';

const figure = (value: number | null) => (value === null ? UNKNOWN : rounded(value));

const COLUMNS: readonly Column<AllocationTarget>[] = [
  {
    key: 'target',
    header: 'What',
    card: 'title',
    width: '22%',
    cell: ({ target, actuator }) => (
      <>
        <span className="font-mono break-all">{target}</span>{' '}
        <span className="text-muted">{ACTUATOR_NAMES[actuator]}</span>
      </>
    ),
  },
  {
    key: 'reactive',
    header: 'Needed now',
    align: 'end',
    width: '9%',
    cell: ({ reactive }) => figure(reactive),
  },
  {
    key: 'forecast',
    header: 'Forecast',
    align: 'end',
    width: '9%',
    cell: ({ forecast }) => figure(forecast),
  },
  {
    key: 'limit',
    header: <span title="Calls at a time that its latency allows, as learned">By latency</span>,
    align: 'end',
    width: '8%',
    cell: ({ latency_limit }) => figure(latency_limit),
  },
  {
    key: 'recommended',
    header: 'Recommended',
    align: 'end',
    width: '10%',
    cell: ({ recommended }) => figure(recommended),
  },
  {
    key: 'applied',
    header: 'In force',
    align: 'end',
    width: '9%',
    cell: ({ applied, configured }) => (
      <>
        {figure(applied)} <span className="text-faint">of {figure(configured)}</span>
      </>
    ),
  },
  {
    key: 'skill',
    header: 'Skill',
    align: 'end',
    width: '7%',
    cell: ({ skill }) => (skill === null ? UNKNOWN : formatRate(skill)),
  },
  {
    key: 'mode',
    header: 'Does',
    cell: ({ mode, refusal }) => (
      <>
        <span className={mode === 'act' ? 'text-closed' : ''}>
          {mode === 'act' ? '● acts' : `○ ${mode}s`}
        </span>
        {mode !== 'act' && refusal !== null ? <span className="text-muted">: {refusal}</span> : null}
      </>
    ),
  },
];

/** What is sized: what it needs, what is in force, and whether it has earned to act. */
export function TargetsCard({ view }: { view: Predictions }) {
  const { replicas, targets, quantile } = view;
  return (
    <Card
      title="Allocations"
      note={`the larger of what is needed now and the ${quantile} quantile of the forecast, within the limits`}
    >
      <div className="border-t">
        <DataTable
          caption="Allocations"
          columns={COLUMNS}
          rows={targets}
          keyOf={({ actuator, target }) => `${actuator} ${target}`}
          empty={<p className="px-4 py-3 text-muted">Nothing is sized before a first step was observed.</p>}
        />
        <p className="border-t px-4 py-2 text-muted">
          Replicas of this process that the forecast needs:{' '}
          <span className="text-text">{replicas.recommended ?? UNKNOWN}</span>
          {replicas.cpu_ms_per_request === null
            ? ' (the processor time of a request is not known yet)'
            : `, at ${rounded(replicas.cpu_ms_per_request)} ms of processor time for a request as measured`}
          . An autoscaler reads it as <span className="font-mono">switchgear_recommended_replicas</span>.
        </p>
      </div>
    </Card>
  );
}
