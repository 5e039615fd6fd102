'use client';

import { ChevronRight } from 'lucide-react';
import Link from 'next/link';
import { useState } from 'react';
import { type Act, ActDialog } from '#components/breakers/act-dialog.tsx';
import { SANDBOX } from '#components/breakers/order.ts';
import { pageOf } from '#components/breakers/paths.ts';
import { StateBadge } from '#components/breakers/state-badge.tsx';
import { Transitions } from '#components/breakers/transitions.tsx';
import { whyOf } from '#components/breakers/why.ts';
import { windowSpan } from '#components/breakers/window-words.ts';
import { Sparkline } from '#components/charts/sparkline.tsx';
import { formatCount, formatMs, formatPerSecond, formatRate } from '#components/ui/format.ts';
import { useMounted } from '#components/ui/local-time.tsx';
import type { Component } from '#lib/contracts/snapshot.ts';

const SPARK = { open: 'text-open', half_open: 'text-half-open', closed: 'text-muted' } as const;

/** A line of a table on a wide screen, a card on a narrow one. */
export function ComponentRow({
  component,
  trend,
  showWindow,
  nowMs,
}: {
  component: Component;
  trend: readonly (number | null)[];
  /** Windows differ, so that each has to be told. */
  showWindow: boolean;
  nowMs: number;
}) {
  const { name, state, computed_state, hold, rate_per_s, latency_ms, last_transition } = component;
  const [expanded, setExpanded] = useState(false);
  const [pending, setPending] = useState<Act | null>(null);
  const why = whyOf(component, nowMs, useMounted());
  const details = `transitions-${name}`;
  const act: Act = state === 'open' || hold !== null ? 'reset' : 'trip';
  return (
    <>
      <tr
        data-component={name}
        className="border-t max-lg:flex max-lg:flex-wrap max-lg:items-center max-lg:gap-x-3 max-lg:gap-y-1 max-lg:px-4 max-lg:py-2.5 lg:h-11 lg:[&>td]:px-2 lg:[&>td]:py-0.5"
      >
        <td className="max-lg:min-w-0 max-lg:flex-1 lg:pl-3!">
          <button
            type="button"
            aria-expanded={expanded}
            aria-controls={details}
            onClick={() => setExpanded(!expanded)}
            className="flex max-w-full items-center gap-1 text-left font-mono"
          >
            <ChevronRight
              size={14}
              aria-hidden
              className={`shrink-0 text-faint ${expanded ? 'rotate-90' : ''}`}
            />
            <span className="min-w-0 [overflow-wrap:anywhere]">{breakable(name)}</span>
            {name === SANDBOX ? <span className="font-sans text-faint">sandbox</span> : null}
          </button>
        </td>
        <td>
          {pending === null ? (
            <>
              <StateBadge breaker={component} />
              {hold !== null && computed_state !== state ? (
                <p
                  className="text-[11px] leading-3.5 text-faint"
                  title="What the traffic alone would make of it"
                >
                  traffic: {computed_state.replace('_', '-')}
                </p>
              ) : null}
            </>
          ) : (
            <span className="text-muted">{pending === 'trip' ? 'Tripping…' : 'Resetting…'}</span>
          )}
        </td>
        <td className="min-h-5 max-lg:order-1 max-lg:w-full">
          {why.cause === '' ? null : (
            <p className="break-words lg:truncate lg:leading-4.5" title={why.cause}>
              {why.cause}
            </p>
          )}
          <p className="truncate text-faint lg:leading-4.5" title={why.next}>
            {why.next}
          </p>
        </td>
        <Figure
          name="calls/s"
          value={rate_per_s === 0 ? '0' : formatPerSecond(rate_per_s)}
          dim={rate_per_s === 0}
        />
        <td className="max-lg:order-3 max-lg:basis-3/5 lg:text-right">
          <Errors component={component} showWindow={showWindow} />
        </td>
        <Figure name="p50" value={formatMs(latency_ms.p50)} dim={latency_ms.p50 === null} />
        <Figure name="p99" value={formatMs(latency_ms.p99)} dim={latency_ms.p99 === null} />
        <td className="max-lg:hidden">
          <Sparkline values={trend} className={hold === null ? SPARK[state] : 'text-held'} height={26} />
        </td>
        <td className="max-lg:order-3 max-lg:ml-auto lg:pr-4! lg:text-right">
          <ActDialog act={act} component={component} onPending={setPending} />
        </td>
      </tr>
      {expanded ? (
        <tr className="max-lg:block">
          <td id={details} colSpan={9} className="bg-ground px-4 py-2 max-lg:block lg:pl-9">
            <Transitions
              component={name}
              lastAt={last_transition?.at ?? null}
              outageAt={component.opening?.at ?? null}
            />
            <Link href={pageOf(name)} className="mt-2 inline-block underline underline-offset-4">
              Evidence, settings, holds and drills of {name}
            </Link>
          </td>
        </tr>
      ) : null}
    </>
  );
}

/** A name that is too long breaks before its operation. */
function breakable(name: string) {
  const dot = name.lastIndexOf('.');
  if (dot === -1) return name;
  return (
    <>
      {name.slice(0, dot)}
      <wbr />
      {name.slice(dot)}
    </>
  );
}

function Figure({ name, value, dim }: { name: string; value: string; dim: boolean }) {
  return (
    <td className={`whitespace-nowrap max-lg:order-2 lg:text-right ${dim ? 'text-faint' : ''}`}>
      <span className="mr-1 text-faint lg:hidden">{name}</span>
      {value}
    </td>
  );
}

/** The share that failed, of how many calls in how long, with a tick where the breaker opens. */
function Errors({
  component: { window, settings },
  showWindow,
}: {
  component: Component;
  showWindow: boolean;
}) {
  const rate = window.failure_rate;
  const over = rate !== null && rate * 100 >= settings.failure_rate_percent;
  const counts = `${window.failures} of ${window.calls} calls failed in ${windowSpan(settings)}, ${window.rejected} refused in ${settings.window_s} s; opens at ${settings.failure_rate_percent} %`;
  return (
    <div title={counts}>
      <p className="flex justify-end gap-2 whitespace-nowrap max-lg:justify-between">
        <span className={`text-faint ${showWindow ? '' : 'lg:hidden'}`}>
          {showWindow ? windowSpan(settings) : 'errors'}
        </span>
        {rate === null && window.rejected > 0 ? (
          <span className="text-open">{formatCount(window.rejected)} refused</span>
        ) : (
          <span className={rate === null ? 'text-faint' : ''}>{formatRate(rate)}</span>
        )}
      </p>
      <div className="relative mt-0.5 h-1 rounded bg-raised" aria-hidden>
        <div
          className={`h-1 rounded ${over ? 'bg-open' : 'bg-half-open'}`}
          style={{ width: `${(rate ?? 0) * 100}%` }}
        />
        <div
          className="absolute -top-0.5 h-2 w-px bg-text"
          style={{ left: `${settings.failure_rate_percent}%` }}
        />
      </div>
      <span className="sr-only">{counts}</span>
    </div>
  );
}
