'use client';

import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import { ActionDialog } from '#components/first-page/action-dialog.tsx';
import { StateBadge } from '#components/first-page/state-badge.tsx';
import { SANDBOX } from '#components/first-page/summary.ts';
import { Transitions } from '#components/first-page/transitions.tsx';
import { whyOf } from '#components/first-page/why.ts';
import { formatMs, formatPerSecond, formatRate } from '#components/ui/format.ts';
import { useNow } from '#components/ui/use-now.ts';
import type { BreakerView } from '#lib/contracts/breakers.ts';

interface Props {
  breaker: BreakerView;
  onDone: (result: string) => Promise<void>;
}

/** A line of a table on a wide screen, a card on a narrow one. */
export function BreakerRow({ breaker, onDone }: Props) {
  const [expanded, setExpanded] = useState(false);
  const now = useNow();
  const why = now === null ? null : whyOf(breaker, now);
  const details = `transitions-${breaker.name}`;
  return (
    <li className="border-t" data-component={breaker.name}>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5 lg:grid lg:min-h-14 lg:grid-cols-(--breaker-columns) lg:py-1.5">
        <button
          type="button"
          aria-expanded={expanded}
          aria-controls={details}
          onClick={() => setExpanded(!expanded)}
          className="flex min-w-0 flex-1 items-center gap-1 text-left font-mono"
        >
          <ChevronRight
            size={14}
            aria-hidden
            className={`shrink-0 text-faint ${expanded ? 'rotate-90' : ''}`}
          />
          <span className="min-w-0 break-all">{breaker.name}</span>
          {breaker.name === SANDBOX ? <span className="font-sans text-faint">sandbox</span> : null}
        </button>
        <div>
          <StateBadge breaker={breaker} />
        </div>
        <div className="min-h-5 w-full min-w-0 lg:w-auto">
          <p className="break-words">{why?.cause}</p>
          <p className="text-faint">{why?.next}</p>
        </div>
        <Figure name="calls/s" value={formatPerSecond(breaker.rate_per_s)} />
        <FailureRate breaker={breaker} />
        <Figure name="p50" value={formatMs(breaker.latency_ms.p50)} />
        <Figure name="p99" value={formatMs(breaker.latency_ms.p99)} />
        <div className="flex w-full justify-end gap-2 lg:w-auto">
          <ActionDialog action="trip" component={breaker.name} onDone={onDone} />
          <ActionDialog action="reset" component={breaker.name} onDone={onDone} />
        </div>
      </div>
      {expanded ? (
        <div id={details} className="px-4 pb-3 lg:pl-9">
          <Transitions component={breaker.name} />
        </div>
      ) : null}
    </li>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <p className="lg:text-right">
      <span className="mr-1 text-faint lg:sr-only">{name}</span>
      {value}
    </p>
  );
}

/** The share that failed, of how many calls in how long, with a tick where the breaker opens. */
function FailureRate({ breaker: { window, settings } }: { breaker: BreakerView }) {
  const rate = window.failure_rate ?? 0;
  const over = rate * 100 >= settings.failure_rate_percent;
  return (
    <div className="lg:text-right">
      <p>
        <span className="mr-1 text-faint lg:sr-only">failed</span>
        {formatRate(window.failure_rate)}{' '}
        <span className="text-faint">
          of {window.calls} in {settings.window_s} s
        </span>
      </p>
      {window.rejected === 0 ? null : (
        <p className="text-open">
          {window.rejected} refused in {settings.window_s} s
        </p>
      )}
      <div className="relative mt-0.5 h-1 rounded bg-raised" aria-hidden>
        <div className={`h-1 rounded ${over ? 'bg-open' : 'bg-muted'}`} style={{ width: `${rate * 100}%` }} />
        <div
          className="absolute -top-0.5 h-2 w-px bg-text"
          style={{ left: `${settings.failure_rate_percent}%` }}
        />
      </div>
    </div>
  );
}
