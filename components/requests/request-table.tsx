'use client';

import { memo } from 'react';
import { fineMs } from '#components/requests/fine-ms.ts';
import { HowBadge } from '#components/requests/how-badge.tsx';
import { type Column, DataTable } from '#components/ui/data-table.tsx';
import { formatCount, UNKNOWN } from '#components/ui/format.ts';
import { LocalTime } from '#components/ui/local-time.tsx';
import type { RequestRecord } from '#lib/contracts/requests.ts';

interface RequestTableProps {
  records: readonly RequestRecord[];
  selected: RequestRecord | undefined;
  /** Only the date of old ones hangs on it, so that whole hours will do. */
  nowMs: number;
  /** Whether there is room for more than the most telling columns. */
  roomy: boolean;
  onSelect: (record: RequestRecord) => void;
}

/** Newest on top. */
export const RequestTable = memo(function RequestTable(props: RequestTableProps) {
  const { records, selected, nowMs, roomy, onSelect } = props;
  return (
    <DataTable
      caption="Requests, newest first"
      columns={[timeColumn(nowMs), ...COLUMNS, ...(roomy ? MORE_COLUMNS : [])]}
      rows={records}
      keyOf={keyOf}
      byPlace
      selected={selected === undefined ? null : keyOf(selected)}
      onSelect={(key) => {
        const record = records.find((each) => keyOf(each) === key);
        if (record !== undefined) onSelect(record);
      }}
    />
  );
});

export const keyOf = ({ seq }: RequestRecord): string => String(seq);

const timeColumn = (nowMs: number): Column<RequestRecord> => ({
  key: 'time',
  header: 'Time',
  width: '5.5rem',
  cell: ({ at, endpoint }) => (
    <>
      <LocalTime iso={at} nowMs={nowMs} />
      <span className="ml-3 sm:hidden">{endpoint}</span>
    </>
  ),
  card: 'title',
});

const COLUMNS: readonly Column<RequestRecord>[] = [
  { key: 'endpoint', header: 'Endpoint', cell: ({ endpoint }) => cut(endpoint), card: 'hidden' },
  { key: 'model', header: 'Model', cell: ({ model }) => cut(model), card: 'hidden' },
  { key: 'upstream', header: 'Upstream', cell: ({ upstream }) => cut(upstream) },
  { key: 'how', header: 'How', width: '6.5rem', cell: ({ how }) => <HowBadge how={how} /> },
  { key: 'status', header: 'Status', width: '4.5rem', align: 'end', cell: ({ status }) => status },
  { key: 'total', header: 'Total', width: '5.5rem', align: 'end', cell: (record) => time(record.total_ms) },
];

const MORE_COLUMNS: readonly Column<RequestRecord>[] = [
  {
    key: 'first',
    header: 'First byte',
    width: '5.5rem',
    align: 'end',
    cell: (record) => time(record.first_byte_ms),
  },
  { key: 'added', header: 'Added', width: '5.5rem', align: 'end', cell: (record) => time(record.added_ms) },
  { key: 'tokens', header: 'Tokens in → out', width: '8rem', align: 'end', cell: tokens },
];

function cut(text: string | null) {
  return (
    <span className={`sm:block sm:truncate ${text === null ? 'text-muted' : ''}`} title={text ?? undefined}>
      {text ?? UNKNOWN}
    </span>
  );
}

function time(ms: number | null) {
  return <span className={`whitespace-nowrap ${ms === null ? 'text-muted' : ''}`}>{fineMs(ms)}</span>;
}

function tokens({ tokens_in, tokens_out }: RequestRecord) {
  if (tokens_in === null && tokens_out === null) return <span className="text-muted">{UNKNOWN}</span>;
  const count = (given: number | null) => (given === null ? UNKNOWN : formatCount(given));
  return (
    <span className="whitespace-nowrap">
      {count(tokens_in)} <span className="text-muted">→</span> {count(tokens_out)}
    </span>
  );
}
