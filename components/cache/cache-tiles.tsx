'use client';

import { formatBytes, savedText, splitBytes, viewsOf } from '#components/cache/cache-words.ts';
import { useHistory } from '#components/live/use-history.ts';
import { useRange } from '#components/live/use-range.ts';
import { counted, formatCount, formatRate, percentFigure, UNKNOWN } from '#components/ui/format.ts';
import { MetricTile } from '#components/ui/metric-tile.tsx';
import type { CacheMetrics } from '#lib/contracts/cache.ts';

const TRENDS = ['cache_hit_ratio', 'cache_coalesced_per_s', 'cache_bytes', 'cache_wrong_hit_rate'];

/** Six figures, each with its unit and its window. */
export function CacheTiles({ metrics }: { metrics: CacheMetrics }) {
  const [range] = useRange();
  const history = useHistory(TRENDS, range);
  const trend = (name: string) => (history.state === 'ready' ? (history.points.values[name] ?? []) : []);
  const { overall, memory } = metrics;
  const [ten, hundred, , lifetime] = overall.windows;
  const ratio = hundred?.hit_ratio ?? null;
  const bytes = hundred?.byte_hit_ratio ?? null;
  const used = splitBytes(memory.bytes);
  const checks = viewsOf(metrics).map(([, { shadow_checks }]) => shadow_checks);
  const checked = checks.reduce((sum, each) => sum + each.checks, 0);
  const wrong = checks.reduce((sum, each) => sum + each.wrong_hits, 0);
  const saved = overall.saved.reduce((sum, { calls }) => sum + calls, 0);
  return (
    <div className="grid grid-cols-2 gap-2.5 sm:grid-cols-3 xl:grid-cols-6">
      <MetricTile
        label="Hit ratio"
        value={ratio === null ? UNKNOWN : percentFigure(ratio)}
        unit={ratio === null ? '' : '%'}
        note={`100 s · in 10 s ${formatRate(ten?.hit_ratio ?? null)}`}
        trend={trend('cache_hit_ratio')}
      />
      <MetricTile
        label="Byte hit ratio"
        value={bytes === null ? UNKNOWN : percentFigure(bytes)}
        unit={bytes === null ? '' : '%'}
        note={`100 s · in all ${formatRate(lifetime?.byte_hit_ratio ?? null)}`}
      />
      <MetricTile
        label="Calls saved"
        value={formatCount(saved)}
        unit={saved === 1 ? 'call' : 'calls'}
        note={`in all · ${savedText(overall.saved)}`}
      />
      <MetricTile
        label="Joined calls"
        value={formatCount(overall.stampedes_prevented)}
        unit="looks"
        note="in all · waited for another’s"
        trend={trend('cache_coalesced_per_s')}
      />
      <MetricTile
        label="Memory"
        value={used.value}
        unit={`${used.unit} of ${formatBytes(memory.max_bytes)}`}
        note={`now · ${counted(memory.entries, 'entry', 'entries')}`}
        trend={trend('cache_bytes')}
      />
      <MetricTile
        label="Wrong hits"
        value={checked === 0 ? UNKNOWN : percentFigure(wrong / checked)}
        unit={checked === 0 ? '' : '%'}
        note={
          checked === 0
            ? 'in all · none checked yet'
            : `in all · ${formatCount(wrong)} of ${formatCount(checked)} checked`
        }
        trend={trend('cache_wrong_hit_rate')}
        tone={wrong > 0 ? 'warning' : 'plain'}
      />
    </div>
  );
}
