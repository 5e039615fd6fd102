'use client';

import { rounded } from '#components/allocation/words.ts';
import { formatCount, formatDuration, percentFigure, UNKNOWN } from '#components/ui/format.ts';
import { MetricTile } from '#components/ui/metric-tile.tsx';
import type { Predictions } from '#lib/contracts/predictions.ts';

/** Six figures: what is expected, how well that has been known, and what it has saved. */
export function AllocationTiles({ view }: { view: Predictions }) {
  const { predictions, skill, coverage, warmth, current_allocations: now } = view;
  const { learned, server } = warmth.compared;
  const fewer = server.cold_starts === 0 ? null : 1 - learned.cold_starts / server.cold_starts;
  const step = formatDuration(view.step_s * 1_000);
  return (
    <div className="grid grid-cols-2 gap-2.5 sm:grid-cols-3 xl:grid-cols-6">
      <MetricTile
        label="Expected"
        value={predictions.expected_rpm === null ? UNKNOWN : rounded(predictions.expected_rpm)}
        unit={predictions.expected_rpm === null ? '' : 'requests/min'}
        note={`next ${step} · ${predictions.trend}`}
      />
      <MetricTile
        label="Skill"
        value={skill === null ? UNKNOWN : percentFigure(skill)}
        unit={skill === null ? '' : '%'}
        tone={skill !== null && skill < 0 ? 'warning' : 'plain'}
        note="over last value · 500 steps"
      />
      <MetricTile
        label="Band held"
        value={coverage === null ? UNKNOWN : percentFigure(coverage)}
        unit={coverage === null ? '' : '%'}
        note="500 steps · 90 % promised"
      />
      <MetricTile
        label="Connections"
        value={formatCount(now.connections)}
        unit="in all"
        note={`now · cache ${rounded(now.cache_size_mb)} MB`}
      />
      <MetricTile
        label="Cold starts"
        value={fewer === null ? UNKNOWN : percentFigure(Math.abs(fewer))}
        unit={fewer === null ? '' : fewer >= 0 ? '% fewer' : '% more'}
        note={`${formatCount(learned.cold_starts)} for ${formatCount(server.cold_starts)} · replayed`}
      />
      <MetricTile
        label="History"
        value={formatCount(view.history_size)}
        unit="stretches"
        note={`of ${formatDuration(view.collected_every_s * 1_000)} · 14 days are kept`}
      />
    </div>
  );
}
