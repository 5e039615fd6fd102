'use client';

import Link from 'next/link';
import { useRef, useState } from 'react';
import { isQuiet, nextOrder, type Order } from '#components/breakers/order.ts';
import { windowSpan } from '#components/breakers/window-words.ts';
import { useLive } from '#components/live/live-context.ts';
import { ComponentRow } from '#components/overview/component-row.tsx';
import { useTrends } from '#components/overview/use-trends.ts';
import { formatCount } from '#components/ui/format.ts';

/** Rows that are drawn: the page of breakers has all. */
const MAX_ROWS = 50;

/** Every component, worst first; those that nobody calls are folded away while all is well with them. */
export function ComponentTable() {
  const { snapshot, nowMs } = useLive();
  const { components, totals } = snapshot;
  const order = useRef<Order | null>(null);
  order.current = nextOrder(order.current, components, nowMs);
  const { names } = order.current;
  const [unfolded, setUnfolded] = useState(false);
  const byName = new Map(components.map((component) => [component.name, component]));
  const sorted = names.map((name) => byName.get(name)).filter((component) => component !== undefined);
  const trends = useTrends();
  const folded = sorted.filter((component) => isQuiet(component) && !trends.isBusy(component.name));
  const windows = new Set(components.map(({ settings }) => windowSpan(settings)));
  const [span] = windows;
  const commonWindow = windows.size === 1 && span !== undefined ? span : null;
  const all = folded.length === sorted.length;
  const wanted = unfolded || all ? sorted : sorted.filter((component) => !folded.includes(component));
  const shown = wanted.slice(0, MAX_ROWS);
  const elsewhere = totals.components - components.length + wanted.length - shown.length;
  return (
    <section aria-labelledby="components" className="min-w-0 overflow-hidden rounded-card border bg-card">
      <h2 id="components" className="px-4 pt-3 pb-1 text-[14px] font-semibold lg:sr-only">
        Components
      </h2>
      <table className="w-full table-fixed max-lg:block" aria-label="Components, worst first">
        <thead className="max-lg:hidden">
          <tr className="text-left text-muted [&>th]:px-2 [&>th]:py-1.5 [&>th]:font-normal">
            <th className="w-[17.5%] pl-4!">Component</th>
            <th className="w-[13%]">State</th>
            <th>Why</th>
            <th className="w-[6%] text-right">calls/s</th>
            <th
              className="w-[9.5%] text-right whitespace-nowrap"
              title="Counted anew with each change of state"
            >
              errors{commonWindow === null ? '' : `, ${commonWindow}`}
            </th>
            <th className="w-[6.5%] text-right">p50</th>
            <th className="w-[6.5%] text-right">p99</th>
            <th className="w-[7%]">2 min</th>
            <th className="w-20 pr-4!">
              <span className="sr-only">Act</span>
            </th>
          </tr>
        </thead>
        <tbody className="max-lg:block">
          {shown.map((component) => (
            <ComponentRow
              key={component.name}
              component={component}
              trend={trends.of(component.name)}
              showWindow={commonWindow === null}
              nowMs={nowMs}
            />
          ))}
        </tbody>
      </table>
      {folded.length === 0 || all ? null : (
        <button
          type="button"
          aria-expanded={unfolded}
          onClick={() => setUnfolded(!unfolded)}
          className="w-full border-t px-4 py-1 text-left text-muted hover:bg-raised"
        >
          {unfolded ? 'Fold away' : 'Show'} {folded.length} more closed, no traffic
        </button>
      )}
      {elsewhere === 0 ? null : (
        <p className="border-t px-4 py-1 text-muted">
          The worst of {formatCount(totals.components)} are here; all of them are on{' '}
          <Link href="/breakers" className="underline">
            Breakers
          </Link>
          .
        </p>
      )}
    </section>
  );
}
