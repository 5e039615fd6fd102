import { RateGauge } from '#components/breakers/rate-gauge.tsx';
import { latencies, thresholdsOf, windowName } from '#components/breakers/window-words.ts';
import { Card } from '#components/ui/card.tsx';
import { formatCount, formatPerSecond, withUnit } from '#components/ui/format.ts';
import { minimumCalls } from '#lib/contracts/breakers.ts';
import type { Component } from '#lib/contracts/snapshot.ts';

/** What the window holds, against what would open the breaker. */
export function WindowCard({ component }: { component: Component }) {
  const { window, settings, latency_ms, rate_per_s } = component;
  const needed = minimumCalls(settings);
  const seconds = `last ${withUnit(settings.window_s, 's')}`;
  return (
    <Card title="Window" note={`${windowName(settings)}, counted anew with each change of state`}>
      <div className="grid gap-x-6 gap-y-3 px-4 pb-4 sm:grid-cols-3">
        {thresholdsOf(component).map((threshold) => (
          <RateGauge key={threshold.name} {...threshold} calls={window.calls} />
        ))}
        <div>
          <p className="flex justify-between gap-2">
            <span className="text-muted">calls</span>
            <span>
              {formatCount(window.calls)} <span className="text-faint">of {needed} needed to judge</span>
            </span>
          </p>
          <div className="mt-0.5 h-1 rounded bg-raised" aria-hidden>
            <div
              className="h-1 rounded bg-accent"
              style={{ width: `${Math.min(1, window.calls / needed) * 100}%` }}
            />
          </div>
        </div>
      </div>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-2 border-t px-4 py-3 sm:grid-cols-4 lg:grid-cols-7">
        <Figure name="Failed" value={formatCount(window.failures)} />
        <Figure name="Slow" value={formatCount(window.slow)} />
        <Figure name="Timeouts" value={formatCount(window.timeouts)} />
        <Figure name={`Refused, ${seconds}`} value={formatCount(window.rejected)} />
        <Figure name={`calls/s, ${seconds}`} value={formatPerSecond(rate_per_s)} />
        <Figure name={`p50 · p90 · p99, ${seconds}`} value={latencies(latency_ms)} wide />
      </dl>
    </Card>
  );
}

function Figure({ name, value, wide = false }: { name: string; value: string; wide?: boolean }) {
  return (
    <div className={wide ? 'col-span-2' : ''}>
      <dt className="text-faint">{name}</dt>
      <dd className="text-[15px] font-semibold whitespace-nowrap">{value}</dd>
    </div>
  );
}
