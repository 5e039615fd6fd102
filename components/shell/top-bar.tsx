'use client';

import { Pause, Play } from 'lucide-react';
import { ConnectDialog } from '#components/connect/connect-dialog.tsx';
import { useLive } from '#components/live/live-context.ts';
import { RangeSelect } from '#components/live/range-select.tsx';
import { statusText } from '#components/live/status.ts';
import { headlineOf } from '#components/shell/headline.ts';
import { LogOut } from '#components/shell/log-out.tsx';
import { Palette } from '#components/shell/palette.tsx';
import { Button } from '#components/ui/button.tsx';
import { LocalTime } from '#components/ui/local-time.tsx';
import { Logo } from '#components/ui/logo.tsx';
import { ThemeSelect } from '#components/ui/theme-select.tsx';

const TONES = {
  good: 'text-closed',
  warning: 'text-half-open',
  bad: 'text-open',
  held: 'text-held',
  plain: 'text-muted',
} as const;

export function TopBar({ kiosk, mayLogOut }: { kiosk: boolean; mayLogOut: boolean }) {
  const { snapshot } = useLive();
  return (
    <header className="sticky top-0 z-20 flex flex-wrap items-center gap-x-4 gap-y-1.5 border-b bg-ground px-4 py-2 lg:min-h-13">
      <p className="flex items-center gap-2 text-[15px] font-semibold lg:w-38">
        <Logo />
        Switchgear
      </p>
      <Sentence />
      <div className="ml-auto flex items-center gap-1.5 sm:gap-2">
        {kiosk ? null : <RangeSelect className="max-sm:hidden" />}
        <Status />
        <Palette hasButton={!kiosk} />
        {kiosk ? null : (
          <>
            <PauseButton />
            <ConnectDialog
              address={snapshot.address}
              model={snapshot.upstreams.some(({ lab }) => lab) ? 'lab-chat' : 'MODEL'}
            />
            <ThemeSelect />
            {mayLogOut ? <LogOut /> : null}
          </>
        )}
      </div>
    </header>
  );
}

function Sentence() {
  const { snapshot, nowMs, status } = useLive();
  const { tone: nowTone, what, since, callers } = headlineOf(snapshot);
  const isOld = status === 'stale' || status === 'outdated';
  const tone = isOld ? 'plain' : nowTone;
  return (
    <p
      className="order-last min-h-5 xl:leading-4.5 w-full min-w-0 xl:order-none xl:line-clamp-2 xl:w-auto xl:flex-1"
      data-testid="headline"
    >
      <span aria-hidden className={`mr-2 inline-block size-2 rounded-full bg-current ${TONES[tone]}`} />
      {isOld ? <span className="text-muted">Last known: </span> : null}
      <strong className={`font-semibold ${TONES[tone]}`}>{what}</strong>
      <span className="text-muted">
        {since === null ? '' : ' since '}
        {since === null ? null : <LocalTime iso={since} nowMs={nowMs} />}
        {`, ${callers}`}
      </span>
    </p>
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
  const look = `inline-flex h-8 min-w-44 items-center justify-center rounded-md border px-2.5 whitespace-nowrap max-sm:min-w-0 ${LOOKS[status]}`;
  const text = statusText(status, ageMs);
  if (status === 'outdated') {
    return (
      <button type="button" className={look} onClick={() => location.reload()}>
        {text}
      </button>
    );
  }
  return (
    <span data-testid="status" className={look}>
      <span className="max-sm:hidden">{text}</span>
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
    <Button onClick={togglePause} aria-keyshortcuts="Space">
      <Icon size={14} aria-hidden />
      <span className="max-sm:sr-only sm:w-12 sm:text-left">{paused ? 'Resume' : 'Pause'}</span>
      <kbd aria-hidden className="font-mono text-[11px] text-faint max-xl:hidden">
        space
      </kbd>
    </Button>
  );
}
