'use client';

import Link from 'next/link';
import useSWR from 'swr';
import { FoundBreakers } from '#components/breakers/found-breakers.tsx';
import { ShownBreakers } from '#components/breakers/shown-breakers.tsx';
import { useLive } from '#components/live/live-context.ts';
import { useUrlState } from '#components/live/use-url-state.ts';
import { load } from '#components/ui/api.ts';
import { Card } from '#components/ui/card.tsx';
import { type Choice, Field, Input, Select } from '#components/ui/field.tsx';
import { counted } from '#components/ui/format.ts';
import { breakerListSchema } from '#lib/contracts/breakers.ts';

const STATES: readonly Choice[] = [
  ['', 'any state'],
  ['open', 'open'],
  ['half_open', 'half-open'],
  ['closed', 'closed'],
  ['held', 'held'],
];

/** Every breaker, worst first: its state, why, and how near its thresholds are. */
export function BreakersPage() {
  const { components, totals } = useLive().snapshot;
  const [state, setState] = useUrlState('state');
  const [text, setText] = useUrlState('name');
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
        {totals.components === components.length ? (
          <ShownBreakers state={state} text={text} />
        ) : (
          <FoundBreakers state={state} text={text} />
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

/** How much of what calls out is protected, counted by the server. */
function Coverage() {
  const { data, error } = useSWR('/api/breakers?limit=1', (path) => load(path, breakerListSchema));
  if (data === undefined) return error === undefined ? '…' : 'what is protected could not be asked for';
  const { protected_functions, total_files } = data.coverage;
  return `all ${counted(protected_functions, 'function')} that call out, in ${counted(total_files, 'file')}, go through a breaker`;
}
