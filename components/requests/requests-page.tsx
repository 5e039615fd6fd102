'use client';

import Link from 'next/link';
import { useCallback, useEffect, useRef } from 'react';
import { useLive } from '#components/live/live-context.ts';
import { useUpstreams } from '#components/live/use-upstreams.ts';
import { useUrlState } from '#components/live/use-url-state.ts';
import { FilterBar } from '#components/requests/filter-bar.tsx';
import { isNarrowed, queryOf } from '#components/requests/filters.ts';
import { PAGE } from '#components/requests/merge.ts';
import { DETAIL_ID, RequestDetail } from '#components/requests/request-detail.tsx';
import { keyOf, RequestTable } from '#components/requests/request-table.tsx';
import { type FilterState, useFilters } from '#components/requests/use-filters.ts';
import { useHeldLog } from '#components/requests/use-held-log.ts';
import { type RequestLogState, useRequestLog } from '#components/requests/use-request-log.ts';
import { useWide } from '#components/requests/use-wide.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { counted, formatCount, formatDuration } from '#components/ui/format.ts';
import { Skeleton, StateNote } from '#components/ui/state-notes.tsx';
import type { RequestRecord } from '#lib/contracts/requests.ts';

/** What happened to this one? */
export function RequestsPage() {
  const upstreams = useUpstreams();
  const filters = useFilters();
  const newest = useRequestLog(filters.filters);
  const { log, newer, holding, release } = useHeldLog(newest, queryOf(filters.filters));
  const [selected, setSelected] = useUrlState('request');
  const records = log.state === 'ready' ? log.records : [];
  const wide = useWide();
  const current = useRef(selected);
  current.current = selected;
  const select = useCallback(
    ({ id }: RequestRecord) => {
      setSelected(id === current.current ? null : id);
      // Where there is no room beside the list the detail stands above it.
      requestAnimationFrame(() => document.getElementById(DETAIL_ID)?.scrollIntoView({ block: 'nearest' }));
    },
    [setSelected],
  );
  const listed = records.find(({ id }) => id === selected);
  const close = useCallback(() => {
    const row = listed === undefined ? null : document.querySelector(`tr[data-key="${keyOf(listed)}"]`);
    setSelected(null);
    if (row instanceof HTMLElement) row.focus();
  }, [setSelected, listed]);
  useEscape(close, selected !== null);
  return (
    <div
      className={`mx-auto grid max-w-[1800px] items-start gap-3 ${selected === null ? '' : 'xl:grid-cols-[minmax(0,1fr)_27rem]'}`}
    >
      <h1 className="sr-only">Requests</h1>
      <Card
        title="Requests"
        note={<Note log={newest} newer={newer} release={release} />}
        // The list scrolls in itself, so that filters, header and what is left out stay in sight.
        className="overflow-hidden lg:flex lg:max-h-[max(28rem,calc(100dvh-5.75rem))] lg:flex-col"
      >
        <FilterBar
          state={filters}
          upstreams={upstreams.map(({ name }) => name)}
          models={useModels(records)}
        />
        <div className="flex min-h-0 flex-col" {...holding}>
          <List
            log={log}
            filters={filters}
            selected={listed}
            roomy={wide && selected === null}
            onSelect={select}
          />
        </div>
        <LeftOut log={newest} />
      </Card>
      {selected === null ? null : (
        <div className="min-w-0 max-xl:order-first xl:sticky xl:top-17">
          <RequestDetail key={selected} id={selected} listed={listed} close={close} />
        </div>
      )}
    </div>
  );
}

function Note({ log, newer, release }: { log: RequestLogState; newer: number; release: () => void }) {
  const { status, ageMs } = useLive();
  if (log.state === 'ready' && log.failure !== null) {
    return <span className="text-open">not up to date: {log.failure}</span>;
  }
  if (status === 'stale') return <span className="text-open">as of {formatDuration(ageMs)} ago</span>;
  if (status === 'paused') return 'as of the pause; filters look through what was shown then';
  if (newer > 0) {
    return (
      <>
        held while you are on the list; {formatCount(newer)}
        {newer === PAGE ? ' or more' : ''} newer {newer === 1 ? 'waits' : 'wait'}{' '}
        <button type="button" onClick={release} className="text-accent underline underline-offset-2">
          show
        </button>
      </>
    );
  }
  return `the last ${PAGE}, newest first, as they end`;
}

const HOUR_MS = 3_600_000;

function List({
  log,
  filters: { filters, clear },
  ...table
}: {
  log: RequestLogState;
  filters: FilterState;
  selected: RequestRecord | undefined;
  roomy: boolean;
  onSelect: (record: RequestRecord) => void;
}) {
  const { nowMs, snapshot } = useLive();
  if (log.state === 'loading') return <Skeleton className="m-4 h-80" />;
  if (log.state === 'error') {
    return (
      <div className="h-80 border-t">
        <StateNote kind="error" title={log.message}>
          {isNarrowed(filters) ? (
            <Button onClick={clear}>Clear the filters</Button>
          ) : (
            'It is asked for again.'
          )}
        </StateNote>
      </div>
    );
  }
  if (log.records.length > 0) {
    return <RequestTable records={log.records} nowMs={Math.floor(nowMs / HOUR_MS) * HOUR_MS} {...table} />;
  }
  return (
    <div className="h-80 border-t">
      {snapshot.requests_seen === 0 ? (
        <StateNote kind="noTraffic" title="No request has come since the start">
          Point a client at {snapshot.address}, or{' '}
          <Link href="/lab" className="text-accent underline underline-offset-4">
            start a workload
          </Link>
          .
        </StateNote>
      ) : (
        <StateNote kind="empty" title="No request that is kept is like that">
          <p className="mb-2">{counted(snapshot.requests_seen, 'request')} came since the start.</p>
          {isNarrowed(filters) ? <Button onClick={clear}>Clear the filters</Button> : null}
        </StateNote>
      )}
    </div>
  );
}

/** The log is a sample under load, and says so. */
function LeftOut({ log }: { log: RequestLogState }) {
  if (log.state !== 'ready' || log.seen === 0) return null;
  const { seen, leftOut } = log;
  return (
    <p className="border-t px-4 py-2 text-muted">
      {leftOut === 0
        ? `None of ${counted(seen, 'request')} since the start was left out. The last 1,000 that were served are kept, and the last 1,000 that were not.`
        : `${formatCount(leftOut)} of ${counted(seen, 'request')} since the start were left out: of one second the first 100 that were served go into the log, and the first 100 that were not.`}
    </p>
  );
}

/** Those that were seen since the page was opened, so that a filter does not take the others off the list. */
function useModels(records: readonly RequestRecord[]): readonly string[] {
  const seen = useRef(new Set<string>());
  for (const { model } of records) {
    if (model !== null && seen.current.size < MAX_MODELS) seen.current.add(model);
  }
  return [...seen.current].sort();
}
const MAX_MODELS = 100;

function useEscape(run: () => void, active: boolean): void {
  useEffect(() => {
    if (!active) return;
    const onKey = (event: globalThis.KeyboardEvent) => {
      const inDialog =
        event.target instanceof HTMLElement && event.target.closest('[role="dialog"]') !== null;
      if (event.key === 'Escape' && !inDialog) run();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [run, active]);
}
