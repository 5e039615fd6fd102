'use client';

import Link from 'next/link';
import { useState } from 'react';
import { type Act, ActDialog } from '#components/breakers/act-dialog.tsx';
import { SANDBOX } from '#components/breakers/order.ts';
import { pageOf } from '#components/breakers/paths.ts';
import { RateGauge } from '#components/breakers/rate-gauge.tsx';
import { StateBadge } from '#components/breakers/state-badge.tsx';
import { whyOf } from '#components/breakers/why.ts';
import { latencies, thresholdsOf, windowSpan } from '#components/breakers/window-words.ts';
import { formatCount, formatPerSecond } from '#components/ui/format.ts';
import { useMounted } from '#components/ui/local-time.tsx';
import { minimumCalls } from '#lib/contracts/breakers.ts';
import type { Component } from '#lib/contracts/snapshot.ts';

/** A line of a table on a wide screen, a card on a narrow one. */
export function BreakerRow({ component, nowMs }: { component: Component; nowMs: number }) {
  const { name, state, computed_state, hold, holds, window, settings, latency_ms, rate_per_s } = component;
  const [pending, setPending] = useState<Act | null>(null);
  const why = whyOf(component, nowMs, useMounted());
  const few = window.calls < minimumCalls(settings);
  return (
    <tr
      data-component={name}
      className="border-t max-lg:flex max-lg:flex-wrap max-lg:items-center max-lg:gap-x-3 max-lg:gap-y-1.5 max-lg:px-4 max-lg:py-2.5 lg:h-12 lg:[&>td]:px-2 lg:[&>td]:py-1"
    >
      <td className="max-lg:min-w-0 max-lg:flex-1 lg:pl-4!">
        <Link
          href={pageOf(name)}
          prefetch={false}
          className="font-mono break-all underline decoration-line underline-offset-4 hover:decoration-current"
        >
          {name}
        </Link>
        {name === SANDBOX ? <span className="ml-1 text-faint">sandbox</span> : null}
      </td>
      <td>
        {pending === null ? (
          <StateBadge breaker={component} />
        ) : (
          <span className="text-muted">{pending === 'trip' ? 'Tripping…' : 'Resetting…'}</span>
        )}
        {hold === null ? null : (
          <p className="text-[11px] leading-3.5 text-faint">
            traffic: {computed_state.replace('_', '-')}
            {holds.length > 1 ? ` · ${holds.length} holds` : ''}
          </p>
        )}
      </td>
      <td className="min-h-5 max-lg:order-1 max-lg:w-full">
        {why.cause === '' ? null : (
          <p className="break-words lg:line-clamp-2 lg:leading-4.5" title={why.cause}>
            {why.cause}
          </p>
        )}
        <p className="text-faint lg:truncate lg:leading-4.5" title={why.next}>
          {why.next}
        </p>
      </td>
      {thresholdsOf(component).map((threshold) => (
        <td key={threshold.name} className="max-lg:order-2 max-lg:basis-[45%]">
          <RateGauge {...threshold} calls={window.calls} label={false} />
        </td>
      ))}
      <td className="max-lg:order-3 lg:text-right">
        <p className="whitespace-nowrap">
          {formatCount(window.calls)} <span className="text-faint">of {windowSpan(settings)}</span>
        </p>
        <p className="text-[11px] leading-3.5 text-faint">
          {few && window.calls > 0 ? `judges from ${minimumCalls(settings)}` : ''}
          {window.rejected > 0 ? ` ${formatCount(window.rejected)} refused` : ''}
        </p>
      </td>
      <td
        className={`whitespace-nowrap max-lg:order-3 lg:text-right ${rate_per_s === 0 ? 'text-faint' : ''}`}
      >
        {formatPerSecond(rate_per_s)}
        <span className="text-faint lg:hidden"> calls/s</span>
      </td>
      <td
        className={`whitespace-nowrap max-lg:order-3 lg:text-right ${latency_ms.p50 === null ? 'text-faint' : ''}`}
      >
        {latencies(latency_ms)}
      </td>
      <td className="max-lg:order-3 max-lg:ml-auto lg:pr-4! lg:text-right">
        <ActDialog
          act={state === 'open' || hold !== null ? 'reset' : 'trip'}
          component={component}
          onPending={setPending}
        />
      </td>
    </tr>
  );
}
