'use client';

import { BatcherTiles } from '#components/batching/batcher-tiles.tsx';
import { CostCard } from '#components/batching/cost-card.tsx';
import { LimitsDialog } from '#components/batching/limits-dialog.tsx';
import { Reasons } from '#components/batching/reasons.tsx';
import { Sizes } from '#components/batching/sizes.tsx';
import { WaitsCard } from '#components/batching/waits-card.tsx';
import { PolledState } from '#components/live/polled-state.tsx';
import { usePolled } from '#components/live/use-polled.ts';
import { useUrlState } from '#components/live/use-url-state.ts';
import { Card } from '#components/ui/card.tsx';
import { type Choice, Field, Select } from '#components/ui/field.tsx';
import { formatCount, formatMs } from '#components/ui/format.ts';
import { StateNote } from '#components/ui/state-notes.tsx';
import {
  type Batching,
  type BatchKind,
  batchingSchema,
  type ReleaseGroupsView,
} from '#lib/contracts/batching.ts';

const KINDS: readonly Choice[] = [
  ['embedding', 'embeddings'],
  ['llm', 'prompts and chats'],
];

/** Whether batching pays here: sizes, waits, why batches left, what a call costs by its size. */
export function BatchingPage() {
  const asked = usePolled('/api/batching', batchingSchema);
  return (
    <div className="mx-auto flex max-w-[1800px] flex-col gap-2.5">
      <h1 className="sr-only">Batching</h1>
      <PolledState asked={asked} what="The figures of the batchers" />
      {asked.state === 'ready' ? <Ready batching={asked.data} reload={asked.reload} /> : null}
    </div>
  );
}

function Ready({ batching, reload }: { batching: Batching; reload: () => Promise<unknown> }) {
  const [kindInUrl, setKind] = useUrlState('kind');
  const [upstreamInUrl, setUpstream] = useUrlState('upstream');
  const kind: BatchKind = kindInUrl === 'llm' ? 'llm' : 'embedding';
  const { upstreams } = batching;
  const upstream = upstreams.find(({ name }) => name === upstreamInUrl) ?? upstreams[0];
  if (upstream === undefined) return <StateNote kind="empty" title="There is no upstream" />;
  const own = upstream[kind];
  return (
    <>
      <search className="flex flex-wrap items-end gap-3">
        <Field label="Batcher of">
          <Select value={kind} choices={KINDS} onChange={(event) => setKind(event.target.value)} />
        </Field>
        <Field label="Upstream">
          <Select
            value={upstream.name}
            choices={upstreams.map(({ name }): Choice => [name, name])}
            onChange={(event) => setUpstream(event.target.value)}
          />
        </Field>
        <span className="ml-auto">
          <LimitsDialog kind={kind} upstream={upstream.name} limits={own.limits} onChanged={reload} />
        </span>
      </search>
      <BatcherTiles batcher={own} />
      <div className="grid gap-2.5 lg:grid-cols-2">
        <Sizes batcher={own} />
        <CostCard batcher={own} />
        <WaitsCard batcher={own} />
        <Reasons batcher={own} />
      </div>
      {kind === 'llm' ? <ReleaseGroups groups={upstream.release_groups} /> : null}
    </>
  );
}

/** Chats are never merged; where models push each other out they run grouped by model. */
function ReleaseGroups({ groups }: { groups: ReleaseGroupsView | null }) {
  return (
    <Card
      title="Chats by model"
      note="no API merges chats; requests for one model run together where models are swapped"
    >
      <div className="border-t px-4 py-2.5">
        {groups === null ? (
          <p className="text-muted">This upstream does not tell of its loads, so nothing is grouped.</p>
        ) : (
          <>
            <p className="font-medium">
              {groups.is_swapping
                ? `Models push each other out: requests are released by model, ${groups.model ?? 'none'} now.`
                : 'No model pushes another one out: nothing waits.'}
            </p>
            <p className="mt-1 text-muted">
              Since the start: {formatCount(groups.requests)} requests in {formatCount(groups.groups)} groups,{' '}
              {formatCount(groups.loads)} loads; {formatCount(groups.waited)} waited for their turn,{' '}
              {formatMs(groups.waited === 0 ? null : groups.avg_wait_ms)} on average;{' '}
              {formatCount(groups.pending)} wait now.
            </p>
          </>
        )}
      </div>
    </Card>
  );
}
