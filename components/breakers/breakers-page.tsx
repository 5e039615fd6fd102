'use client';

import Link from 'next/link';
import { useRef, useState } from 'react';
import useSWR from 'swr';
import { BreakerRow } from '#components/breakers/breaker-row.tsx';
import { isQuiet, nextOrder, type Order } from '#components/breakers/order.ts';
import { useLive } from '#components/live/live-context.ts';
import { useUrlState } from '#components/live/use-url-state.ts';
import { load } from '#components/ui/api.ts';
import { Card } from '#components/ui/card.tsx';
import { type Choice, Field, Input, Select } from '#components/ui/field.tsx';
import { counted } from '#components/ui/format.ts';
import { StateNote } from '#components/ui/state-notes.tsx';
import { breakerListSchema } from '#lib/contracts/breakers.ts';
import type { Component } from '#lib/contracts/snapshot.ts';

const STATES: readonly Choice[] = [
  ['', 'any state'],
  ['open', 'open'],
  ['half_open', 'half-open'],
  ['closed', 'closed'],
  ['held', 'held'],
];

/** Every breaker, worst first: its state, why, and how near its thresholds are. */
export function BreakersPage() {
  const { snapshot, nowMs } = useLive();
  const [state, setState] = useUrlState('state');
  const [text, setText] = useUrlState('name');
  const [unfolded, setUnfolded] = useState(false);
  const order = useRef<Order | null>(null);
  order.current = nextOrder(order.current, snapshot.components, nowMs);
  const byName = new Map(snapshot.components.map((component) => [component.name, component]));
  const sorted = order.current.names.flatMap((name) => byName.get(name) ?? []);
  const isFiltered = state !== null || text !== null;
  const matching = sorted.filter((component) => matches(component, state, text));
  const folded = isFiltered || unfolded ? [] : matching.filter(isQuiet);
  const all = folded.length === matching.length;
  const shown = all ? matching : matching.filter((component) => !folded.includes(component));
  return (
    <div className="mx-auto flex max-w-[1800px] flex-col gap-3">
      <h1 className="sr-only">Breakers</h1>
      <Card title="Circuit breakers" note={<Coverage />}>
        <search className="flex flex-wrap gap-3 px-4 pb-3">
          <Field label="State">
            <Select value={state ?? ''} choices={STATES} onChange={(event) => setState(event.target.value)} />
          </Field>
          <Field label="Name contains">
            <Input value={text ?? ''} onChange={(event) => setText(event.target.value)} className="w-44" />
          </Field>
        </search>
        {shown.length === 0 ? (
          <div className="border-t">
            <StateNote kind="empty" title="No breaker is like that" />
          </div>
        ) : (
          <Table components={shown} nowMs={nowMs} />
        )}
        {isFiltered || (folded.length === 0 && !unfolded) || all ? null : (
          <button
            type="button"
            aria-expanded={unfolded}
            onClick={() => setUnfolded(!unfolded)}
            className="w-full border-t px-4 py-1.5 text-left text-muted hover:bg-raised"
          >
            {unfolded ? 'Fold away those without traffic' : `Show ${folded.length} more closed, no traffic`}
          </button>
        )}
      </Card>
      <p className="px-1 text-faint">
        A row leads to its breaker: evidence, settings with what-if, holds, drills. Faults and traffic on
        order are in the{' '}
        <Link href="/lab" className="underline">
          Lab
        </Link>
        .
      </p>
    </div>
  );
}

function Table({ components, nowMs }: { components: readonly Component[]; nowMs: number }) {
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

/** How much of what calls out is protected, counted by the server. */
function Coverage() {
  const { data, error } = useSWR('/api/breakers', (path) => load(path, breakerListSchema));
  if (data === undefined) return error === undefined ? '…' : 'what is protected could not be asked for';
  const { protected_functions, total_files } = data.coverage;
  return `all ${counted(protected_functions, 'function')} that call out, in ${counted(total_files, 'file')}, go through a breaker`;
}

function matches(component: Component, state: string | null, text: string | null): boolean {
  if (text !== null && !component.name.includes(text.trim().toLowerCase())) return false;
  if (state === null) return true;
  return state === 'held' ? component.hold !== null : component.state === state;
}
