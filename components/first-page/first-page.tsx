'use client';

import { BreakerCard } from '#components/first-page/breaker-card.tsx';
import { ConnectCard } from '#components/first-page/connect-card.tsx';
import { summaryOf } from '#components/first-page/summary.ts';
import { UpstreamCard } from '#components/first-page/upstream-card.tsx';
import { type Snapshot, useSnapshot } from '#components/first-page/use-snapshot.ts';
import { formatDuration, formatTime } from '#components/ui/format.ts';
import { ThemeToggle } from '#components/ui/theme-toggle.tsx';
import { useNow } from '#components/ui/use-now.ts';
import type { BreakerView } from '#lib/contracts/breakers.ts';
import type { UpstreamList } from '#lib/contracts/upstreams.ts';

export function FirstPage({ initial }: { initial: UpstreamList & { breakers: BreakerView[] } }) {
  const snapshot = useSnapshot(initial);
  const { data } = snapshot;
  return (
    <>
      <TopBar snapshot={snapshot} />
      <main className="mx-auto flex max-w-[1400px] flex-col gap-3 p-3 sm:p-5">
        {data.notice === null ? null : (
          <p className="rounded-card border border-half-open px-4 py-2 text-half-open">{data.notice}</p>
        )}
        <BreakerCard breakers={data.breakers} onChanged={snapshot.refresh} />
        <div className="grid gap-3 lg:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
          <ConnectCard
            address={data.address}
            model={data.upstreams.some((upstream) => upstream.lab) ? 'lab-chat' : 'MODEL'}
          />
          <UpstreamCard upstreams={data.upstreams} />
        </div>
      </main>
    </>
  );
}

/** One sentence first: what is wrong, since when, or that all is well; and how old that is. */
function TopBar({ snapshot }: { snapshot: Snapshot }) {
  const now = useNow();
  const { tone, headline, since } = summaryOf(snapshot.data.breakers);
  return (
    <header className="flex flex-wrap items-center gap-x-6 gap-y-2 border-b px-4 py-2.5 sm:px-5">
      <h1 className="flex items-center gap-2 text-[15px] font-semibold">
        <svg viewBox="0 0 26 16" width="26" height="16" aria-hidden className="text-closed">
          <g fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round">
            <path d="M1 11h6M19 11h6M8 10l9-7" />
            <circle cx="7.5" cy="11" r="1.8" fill="currentColor" />
            <circle cx="18.5" cy="11" r="1.8" fill="currentColor" />
          </g>
        </svg>
        Switchgear
      </h1>
      <p className="order-last w-full sm:order-none sm:w-auto sm:flex-1" aria-live="polite">
        <span aria-hidden className={`mr-2 inline-block size-2 rounded-full bg-current ${tone}`} />
        <strong className={`font-semibold ${tone}`}>{headline}</strong>
        {since === null || now === null ? null : (
          <span className="ml-2 text-muted">since {formatTime(since, now)}</span>
        )}
      </p>
      <div className="ml-auto flex items-center gap-2">
        <Freshness snapshot={snapshot} now={now} />
        <ThemeToggle />
      </div>
    </header>
  );
}

/** After this long without an answer what is shown is old. */
const STALE_MS = 6_000;

function Freshness({ snapshot, now }: { snapshot: Snapshot; now: number | null }) {
  const age = now === null || snapshot.updatedAt === null ? null : Math.max(0, now - snapshot.updatedAt);
  const stale = snapshot.error !== null || (age !== null && age > STALE_MS);
  const told =
    age === null
      ? 'loading'
      : stale
        ? `stale, from ${formatDuration(age)} ago`
        : `live, updated ${formatDuration(age)} ago`;
  return (
    <span
      title={snapshot.error ?? undefined}
      className={`inline-flex h-8 items-center rounded-md border px-3 whitespace-nowrap ${stale ? 'border-open text-open' : 'border-closed text-closed'}`}
    >
      {told}
    </span>
  );
}
