'use client';

import { useState } from 'react';
import { BreakerTable } from '#components/breakers/breaker-table.tsx';
import { useLive } from '#components/live/live-context.ts';
import { PolledState } from '#components/live/polled-state.tsx';
import { usePolled } from '#components/live/use-polled.ts';
import { useUpstreams } from '#components/live/use-upstreams.ts';
import { Button } from '#components/ui/button.tsx';
import { formatCount } from '#components/ui/format.ts';
import { StateNote } from '#components/ui/state-notes.tsx';
import { type BreakerView, breakerListSchema } from '#lib/contracts/breakers.ts';
import type { Component } from '#lib/contracts/snapshot.ts';
import type { UpstreamView } from '#lib/contracts/upstreams.ts';

const PAGE = 50;

/** Of more breakers than a snapshot has: those that match, worst first, a page at a time, asked of the server. */
export function FoundBreakers({ state, text }: { state: string | null; text: string | null }) {
  const filter = `${state ?? ''} ${text ?? ''}`;
  const [at, setAt] = useState({ filter, offset: 0 });
  // Another filter begins on its first page.
  const offset = at.filter === filter ? at.offset : 0;
  const query = new URLSearchParams({
    ...(state === null ? {} : { state }),
    ...(text === null ? {} : { name: text }),
    order: 'worst',
    limit: String(PAGE),
    offset: String(offset),
  });
  const asked = usePolled(`/api/breakers?${query}`, breakerListSchema);
  const upstreams = useUpstreams();
  const { nowMs } = useLive();
  if (asked.state !== 'ready') return <PolledState asked={asked} what="The breakers" />;
  const { breakers, total } = asked.data;
  const go = (to: number) => setAt({ filter, offset: to });
  return (
    <>
      <PolledState asked={asked} what="The breakers" />
      <nav aria-label="Pages of breakers" className="flex flex-wrap items-center gap-2 border-t px-4 py-2">
        <span className="mr-auto text-muted">
          {total === 0 ? 'None' : `${formatCount(offset + 1)} to ${formatCount(offset + breakers.length)}`} of{' '}
          {formatCount(total)}, worst first
        </span>
        <Button disabled={offset === 0} onClick={() => go(Math.max(0, offset - PAGE))}>
          Back
        </Button>
        <Button disabled={offset + PAGE >= total} onClick={() => go(offset + PAGE)}>
          Next {PAGE}
        </Button>
      </nav>
      {breakers.length === 0 ? (
        <div className="border-t">
          <StateNote kind="empty" title="No breaker is like that" />
        </div>
      ) : (
        <BreakerTable components={breakers.map((each) => componentOf(each, upstreams))} nowMs={nowMs} />
      )}
    </>
  );
}

function componentOf(breaker: BreakerView, upstreams: readonly UpstreamView[]): Component {
  const upstream = upstreams.find(({ components }) => components.includes(breaker.name))?.name ?? null;
  const operation = upstream === null ? null : breaker.name.slice(upstream.length + 1);
  return { ...breaker, upstream, operation };
}
