import { BreakerRow } from '#components/breakers/breaker-row.tsx';
import type { Component } from '#lib/contracts/snapshot.ts';

export function BreakerTable({ components, nowMs }: { components: readonly Component[]; nowMs: number }) {
  return (
    <table className="w-full table-fixed max-lg:block" aria-label="Circuit breakers, worst first">
      <thead className="max-lg:hidden">
        <tr className="border-t text-left text-muted [&>th]:px-2 [&>th]:py-1.5 [&>th]:font-normal">
          <th className="w-[16%] pl-4!">Component</th>
          <th className="w-[12%]">State</th>
          <th>Why, and what next</th>
          <th className="w-[8%]">Failed</th>
          <th className="w-[8%]">Slow</th>
          <th className="w-[9%] text-right">Window</th>
          <th className="w-[6%] text-right">calls/s</th>
          <th className="w-[14%] text-right">p50 · p90 · p99</th>
          <th className="w-20 pr-4!">
            <span className="sr-only">Act</span>
          </th>
        </tr>
      </thead>
      <tbody className="max-lg:block">
        {components.map((component) => (
          <BreakerRow key={component.name} component={component} nowMs={nowMs} />
        ))}
      </tbody>
    </table>
  );
}
