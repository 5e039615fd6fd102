'use client';

import { useMemo } from 'react';
import useSWR from 'swr';
import { actOf, type Change, changesOf } from '#components/audit/changes.ts';
import { describeEvent } from '#components/events/describe.ts';
import { useLive } from '#components/live/live-context.ts';
import { useUrlState } from '#components/live/use-url-state.ts';
import { load } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { type Column, DataTable } from '#components/ui/data-table.tsx';
import { Field, Input } from '#components/ui/field.tsx';
import { UNKNOWN } from '#components/ui/format.ts';
import { LocalTime } from '#components/ui/local-time.tsx';
import { Skeleton, StateNote } from '#components/ui/state-notes.tsx';
import { eventListSchema, type LoggedEvent } from '#lib/contracts/events.ts';

const LIMIT = 500;

/** Who did what: every act of an operator, with what it was before and after. */
export function AuditPage() {
  const { snapshot, nowMs } = useLive();
  const [text, setText] = useUrlState('q');
  // Asked for anew when something has happened, and not otherwise.
  const { data, error } = useSWR(
    ['audit', snapshot.last_event_seq],
    () => load(`/api/events?acts=true&limit=${LIMIT}`, eventListSchema),
    { keepPreviousData: true, revalidateOnFocus: false },
  );
  const rows = useMemo(() => {
    const wanted = (text ?? '').trim().toLowerCase();
    const acts = (data?.events ?? []).toReversed();
    return wanted === ''
      ? acts
      : acts.filter((event) => JSON.stringify(event).toLowerCase().includes(wanted));
  }, [data, text]);
  const columns: readonly Column<LoggedEvent>[] = [
    {
      key: 'at',
      header: 'When',
      width: '11%',
      card: 'line',
      cell: ({ at }) => <LocalTime iso={at} nowMs={nowMs} />,
    },
    { key: 'by', header: 'Who', width: '9%', cell: ({ by }) => by ?? '—' },
    {
      key: 'what',
      header: 'What',
      width: '24%',
      card: 'title',
      cell: (event) => <span className="break-words">{describeEvent(event).title}</span>,
    },
    {
      key: 'changed',
      header: 'Changed',
      cell: ({ detail }) => {
        const { before, after } = actOf(detail);
        return <Changes changes={changesOf(before, after)} />;
      },
    },
    {
      key: 'reason',
      header: 'Why',
      width: '16%',
      cell: ({ detail }) => <span className="break-words">{actOf(detail).reason ?? UNKNOWN}</span>,
    },
  ];
  return (
    <div className="mx-auto flex max-w-[1800px] flex-col gap-2.5">
      <h1 className="sr-only">Audit</h1>
      <search className="flex flex-wrap items-end gap-3">
        <Field label="Filter: who, what, component, reason">
          <Input value={text ?? ''} onChange={(event) => setText(event.target.value)} placeholder="trip" />
        </Field>
        <span className="ml-auto flex gap-2">
          <Button onClick={() => save('json', rows)} disabled={rows.length === 0}>
            Export JSON
          </Button>
          <Button onClick={() => save('csv', rows)} disabled={rows.length === 0}>
            Export CSV
          </Button>
        </span>
      </search>
      <Card title="Acts of operators" note={`newest first, the last ${LIMIT}`}>
        <div className="border-t">
          {data === undefined && error === undefined ? <Skeleton className="h-24" /> : null}
          {error === undefined ? null : (
            <StateNote kind="error" title="The acts could not be read">
              {error instanceof Error ? error.message : 'No answer'}
            </StateNote>
          )}
          {data === undefined ? null : (
            <DataTable
              caption="Acts of operators"
              columns={columns}
              rows={rows}
              keyOf={({ seq }) => String(seq)}
              empty={<StateNote kind="noTraffic" title="Nobody has changed anything that fits" />}
            />
          )}
        </div>
      </Card>
    </div>
  );
}

function Changes({ changes }: { changes: readonly Change[] }) {
  if (changes.length === 0) return <span className="text-faint">—</span>;
  const left = changes.length - SHOWN;
  return (
    <ul className="font-mono text-[12px] break-all">
      {changes.slice(0, SHOWN).map(({ path, before, after }) => (
        <li key={path}>
          {path === '' ? '' : `${path}: `}
          {before === null ? '' : `${before} → `}
          {after ?? 'none'}
        </li>
      ))}
      {left > 0 ? <li className="text-muted">and {left} more, in the export</li> : null}
    </ul>
  );
}

const SHOWN = 4;

/** What is shown, as a file. */
function save(kind: 'json' | 'csv', rows: readonly LoggedEvent[]): void {
  const text = kind === 'json' ? JSON.stringify(rows, null, 2) : csvOf(rows);
  const url = URL.createObjectURL(
    new Blob([text], { type: kind === 'json' ? 'application/json' : 'text/csv' }),
  );
  const link = document.createElement('a');
  link.href = url;
  link.download = `switchgear-audit.${kind}`;
  link.click();
  URL.revokeObjectURL(url);
}

function csvOf(rows: readonly LoggedEvent[]): string {
  const lines = rows.map(({ seq, at, by, type, component, detail }) => {
    const { reason, before, after } = actOf(detail);
    return [seq, at, by, type, component, reason, before, after].map(cellOf).join(',');
  });
  return `${['seq,at,by,type,component,reason,before,after', ...lines].join('\n')}\n`;
}

/** Quoted; what a spreadsheet would take for a formula is kept a text. */
function cellOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
