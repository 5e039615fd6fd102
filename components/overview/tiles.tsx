'use client';

import { useLive } from '#components/live/live-context.ts';
import type { HistoryState } from '#components/live/use-history.ts';
import {
  counted,
  formatCount,
  formatMs,
  formatPerSecond,
  formatWindow,
  percentFigure,
  splitMs,
  UNKNOWN,
} from '#components/ui/format.ts';
import { MetricTile } from '#components/ui/metric-tile.tsx';

/** Six figures, each with its unit, its window, and the trend of the chosen range. */
export function Tiles({ history }: { history: HistoryState }) {
  const { snapshot } = useLive();
  const { minute, recent } = snapshot.traffic;
  const trend = (name: string) => (history.state === 'ready' ? (history.points.values[name] ?? []) : []);
  const added = splitMs(minute.added_ms.p50);
  const first = splitMs(minute.first_byte_ms.p50);
  const { in_flight: inFlight, queued, connections: capacity } = snapshot.totals;
  const rate = recent.served_rate;
  const { cache } = snapshot;
  const hits = cache.recent.hit_ratio;
  return (
    <div className="grid grid-cols-2 gap-2.5 sm:grid-cols-3 xl:grid-cols-6">
      <MetricTile
        label="Requests"
        value={formatPerSecond(minute.requests_per_s)}
        unit="/s"
        note={`1 min mean · ${formatCount(recent.requests)} in ${formatWindow(recent)}`}
        trend={trend('requests_per_s')}
      />
      <MetricTile
        label="Served"
        value={rate === null ? UNKNOWN : percentFigure(rate)}
        unit={rate === null ? '' : '%'}
        note={
          rate === null
            ? `${formatWindow(recent)} · no requests`
            : `${formatWindow(recent)} · ${formatCount(recent.answers.refused)} refused, ${formatCount(recent.answers.failed)} failed`
        }
        trend={trend('served_rate')}
        tone={rate === null || rate >= 0.999 ? 'plain' : rate >= 0.95 ? 'warning' : 'bad'}
      />
      <MetricTile
        label="Added latency"
        value={added.value}
        unit={added.unit === '' ? '' : `${added.unit} p50`}
        note={
          added.value === UNKNOWN ? '1 min · nothing served' : `1 min · p99 ${formatMs(minute.added_ms.p99)}`
        }
        trend={trend('added_p50_ms')}
      />
      <MetricTile
        label="First byte"
        value={first.value}
        unit={first.unit === '' ? '' : `${first.unit} p50`}
        note={
          first.value === UNKNOWN
            ? '1 min · nothing streamed'
            : `1 min, streams · p99 ${formatMs(minute.first_byte_ms.p99)}`
        }
        trend={trend('first_byte_p50_ms')}
      />
      <MetricTile
        label="In flight"
        value={formatCount(inFlight)}
        unit={`of ${formatCount(capacity)} slots`}
        note={`now · ${formatCount(queued)} queued`}
        trend={trend('slots_in_use')}
        tone={queued > 0 ? 'warning' : 'plain'}
      />
      <MetricTile
        label="Cache hits"
        value={hits === null ? UNKNOWN : percentFigure(hits)}
        unit={hits === null ? '' : '%'}
        note={
          cache.enabled
            ? `${hits === null ? '100 s · nothing looked up' : '100 s'} · ${counted(cache.saved_calls, 'call')} saved`
            : 'switched off'
        }
        trend={trend('cache_hit_ratio')}
      />
    </div>
  );
}
