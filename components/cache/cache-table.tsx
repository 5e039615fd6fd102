'use client';

import { formatBytes, moneyText, viewsOf } from '#components/cache/cache-words.ts';
import { type Column, DataTable } from '#components/ui/data-table.tsx';
import { formatCount, formatDuration, formatRate, withUnit } from '#components/ui/format.ts';
import type { CacheMetrics, CacheView } from '#lib/contracts/cache.ts';

interface Row extends CacheView {
  readonly name: string;
}

const ratioIn = ({ windows }: Row, window: number | null) =>
  windows.find(({ window_s }) => window_s === window)?.hit_ratio ?? null;
const ratio = (header: string, window: number | null): Column<Row> => ({
  key: header,
  header,
  align: 'end',
  width: '6.5%',
  cell: (row) => <Dim value={formatRate(ratioIn(row, window))} dim={ratioIn(row, window) === null} />,
});

const COLUMNS: readonly Column<Row>[] = [
  {
    key: 'name',
    header: 'Cache',
    card: 'title',
    cell: ({ name }) => <span className="font-mono break-all">{name}</span>,
  },
  {
    key: 'size',
    header: 'In memory',
    align: 'end',
    width: '12%',
    cell: ({ size, bytes }) => `${formatCount(size)} · ${formatBytes(bytes)}`,
  },
  {
    key: 'ttl',
    header: 'Fresh for',
    align: 'end',
    width: '8%',
    cell: ({ ttl_seconds }) => formatDuration(ttl_seconds * 1_000),
  },
  ratio('10 s', 10),
  ratio('100 s', 100),
  ratio('1000 s', 1_000),
  ratio('All', null),
  {
    key: 'looks',
    header: 'Hits · misses',
    align: 'end',
    width: '11%',
    cell: ({ hits, misses }) => `${formatCount(hits)} · ${formatCount(misses)}`,
  },
  {
    key: 'evictions',
    header: <span title="Because of size, of age, by purges">Left: size · age · purge</span>,
    align: 'end',
    width: '13%',
    cell: ({ evictions: { size, ttl, purge } }) => (
      <span className={size + ttl + purge === 0 ? 'text-faint' : ''}>
        {formatCount(size)} · {formatCount(ttl)} · {formatCount(purge)}
      </span>
    ),
  },
  {
    key: 'saved',
    header: 'Saved',
    align: 'end',
    width: '13%',
    cell: ({ saved }) => (
      <span
        title={`${formatCount(saved.tokens_in)} tokens in, ${formatCount(saved.tokens_out)} out${saved.money === null ? '' : `, ${moneyText(saved.money, saved.currency)}`}`}
      >
        {formatDuration(saved.ms)} · {withUnit(formatCount(saved.tokens_in + saved.tokens_out), 'tok')}
      </span>
    ),
  },
];

export function CacheTable({ metrics }: { metrics: CacheMetrics }) {
  const rows = viewsOf(metrics).map(([name, view]) => ({ name, ...view }));
  return (
    <DataTable
      caption="Caches: hit ratios by window, evictions, savings"
      columns={COLUMNS}
      rows={rows}
      keyOf={({ name }) => name}
    />
  );
}

function Dim({ value, dim }: { value: string; dim: boolean }) {
  return <span className={dim ? 'text-faint' : ''}>{value}</span>;
}
