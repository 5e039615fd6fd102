'use client';

import { Pause, Play } from 'lucide-react';
import { ConnectDialog } from '#components/connect/connect-dialog.tsx';
import { useLive } from '#components/live/live-context.ts';
import { RANGES } from '#components/live/series.ts';
import { statusText } from '#components/live/status.ts';
import { useRange } from '#components/live/use-range.ts';
import { headlineOf } from '#components/shell/headline.ts';
import { Button } from '#components/ui/button.tsx';
import { LocalTime } from '#components/ui/local-time.tsx';
import { ThemeToggle } from '#components/ui/theme-toggle.tsx';

const TONES = {
  good: 'text-closed',
  warning: 'text-half-open',
  bad: 'text-open',
  held: 'text-held',
  plain: 'text-muted',
} as const;

export function TopBar() {
  const { snapshot } = useLive();
  return (
    <header className="sticky top-0 z-20 flex flex-wrap items-center gap-x-4 gap-y-1.5 border-b bg-ground px-4 py-2 lg:min-h-13">
      <p className="flex items-center gap-2 text-[15px] font-semibold lg:w-38">
        <Logo />
        Switchgear
      </p>
      <Sentence />
      <div className="ml-auto flex items-center gap-1.5 sm:gap-2">
        <RangeSelect />
        <Status />
        <PauseButton />
        <ConnectDialog
          address={snapshot.address}
          model={snapshot.upstreams.some(({ lab }) => lab) ? 'lab-chat' : 'MODEL'}
        />
        <ThemeToggle />
      </div>
    </header>
  );
}

/** Read out when what it says changes, not when a figure in it does. */
function Sentence() {
  const { snapshot, nowMs } = useLive();
  const { tone, what, since, callers } = headlineOf(snapshot);
  return (
    <div className="order-last min-h-5 w-full min-w-0 xl:order-none xl:w-auto xl:flex-1">
      <p className="xl:line-clamp-2" data-testid="headline">
        <span aria-hidden className={`mr-2 inline-block size-2 rounded-full bg-current ${TONES[tone]}`} />
        <strong className={`font-semibold ${TONES[tone]}`}>{what}</strong>
        <span className="text-muted">
          {since === null ? '' : ' since '}
          {since === null ? null : <LocalTime iso={since} nowMs={nowMs} />}
          {`, ${callers}`}
        </span>
      </p>
      <p className="sr-only" role="status">
        {what}
      </p>
    </div>
  );
}

function RangeSelect() {
  const [range, setRange] = useRange();
  return (
    <select
      aria-label="Range of the charts"
      value={range.key}
      onChange={(event) => setRange(event.target.value)}
      className="h-8 rounded-md border bg-card px-2 font-medium max-sm:hidden"
    >
      {RANGES.map(({ key, label }) => (
        <option key={key} value={key}>
          {label}
        </option>
      ))}
    </select>
  );
}

const LOOKS = {
  connecting: 'border-line text-muted',
  live: 'border-closed text-closed',
  stale: 'border-open text-open',
  paused: 'border-held text-held',
  outdated: 'border-open text-open',
} as const;

function Status() {
  const { status, ageMs, nowMs } = useLive();
  return (
    <span
      data-testid="status"
      className={`inline-flex h-8 min-w-42 items-center justify-center rounded-md border px-2.5 whitespace-nowrap max-sm:min-w-0 ${LOOKS[status]}`}
    >
      <span className="max-sm:hidden">{statusText(status, ageMs)}</span>
      <span className="capitalize sm:hidden">{status}</span>
      {status === 'paused' ? (
        <span className="ml-1 max-sm:hidden">
          at <LocalTime iso={new Date(nowMs).toISOString()} nowMs={nowMs} />
        </span>
      ) : null}
    </span>
  );
}

function PauseButton() {
  const { status, togglePause } = useLive();
  const paused = status === 'paused';
  const Icon = paused ? Play : Pause;
  return (
    <Button
      onClick={togglePause}
      aria-pressed={paused}
      aria-keyshortcuts="Space"
      aria-label={paused ? 'Resume' : 'Pause'}
    >
      <Icon size={14} aria-hidden />
      <span className="max-sm:hidden">{paused ? 'Resume' : 'Pause'}</span>
      <kbd className="font-mono text-[11px] text-faint max-xl:hidden">space</kbd>
    </Button>
  );
}

function Logo() {
  return (
    <svg viewBox="0 0 26 16" width="26" height="16" aria-hidden className="text-text">
      <g fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round">
        <path d="M1 11h6M19 11h6M8 10l9-7" />
        <circle cx="7.5" cy="11" r="1.8" fill="currentColor" />
        <circle cx="18.5" cy="11" r="1.8" fill="currentColor" />
      </g>
    </svg>
  );
}
