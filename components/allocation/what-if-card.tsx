'use client';

import { useState } from 'react';
import { rounded, seriesName } from '#components/allocation/words.ts';
import { ActionError } from '#components/ui/action-error.tsx';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { type Choice, Field, Input, Select } from '#components/ui/field.tsx';
import { counted, formatRate, UNKNOWN } from '#components/ui/format.ts';
import { useAction } from '#components/ui/use-action.ts';
import {
  type AllocationWhatIf,
  allocationWhatIfSchema,
  type Predictions,
} from '#lib/contracts/predictions.ts';

/** The recorded demand provided for otherwise: before anything is changed. */
export function WhatIfCard({ view }: { view: Predictions }) {
  const replay = useAction();
  const [result, setResult] = useState<AllocationWhatIf | null>(null);
  const choices = view.series
    .filter((each) => each !== 'cache')
    .map((each): Choice => [each, seriesName(each)]);
  const run = (form: FormData) =>
    replay.run(async () => {
      const answer = await send('POST', '/api/predictions/what-if', {
        series: form.get('series'),
        quantile: Number(form.get('quantile')),
        lead_steps: Number(form.get('lead_steps')),
        load: Number(form.get('load')),
      });
      setResult(allocationWhatIfSchema.parse(answer));
      return 'Replayed.';
    });
  return (
    <Card title="What if?" note="the later half of what is recorded, provided for otherwise">
      <form
        className="border-t px-4 py-3"
        onSubmit={(event) => {
          event.preventDefault();
          void run(new FormData(event.currentTarget));
        }}
      >
        <div className="grid grid-cols-2 gap-3">
          <Field label="Calls in flight of">
            <Select name="series" choices={choices} defaultValue="*" />
          </Field>
          <Field label="Quantile provided for">
            <Input
              name="quantile"
              type="number"
              required
              min={0.5}
              max={0.999}
              step={0.001}
              defaultValue={view.quantile}
            />
          </Field>
          <Field label="Steps ahead of need">
            <Input name="lead_steps" type="number" required min={1} max={12} step={1} defaultValue={1} />
          </Field>
          <Field label="Load, times what it was">
            <Input name="load" type="number" required min={0.1} max={100} step={0.1} defaultValue={1} />
          </Field>
        </div>
        <Button className="mt-3" type="submit" disabled={replay.pending || choices.length === 0}>
          {replay.pending ? 'Replaying…' : 'Replay'}
        </Button>
        <ActionError error={replay.error} className="mt-2" />
        {result === null ? null : <Result result={result} />}
      </form>
    </Card>
  );
}

function Result({ result }: { result: AllocationWhatIf }) {
  const rows = [
    ['As asked', result.draft],
    ['As it is now', result.current],
  ] as const;
  return (
    <table className="mt-3 w-full text-left" aria-label="What if">
      <thead className="text-muted">
        <tr className="[&>th]:py-1 [&>th]:font-normal">
          <th>{counted(result.current.steps, 'step')}</th>
          <th className="text-right">call-minutes</th>
          <th className="text-right">less than always the peak</th>
          <th className="text-right">steps too small</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, { resource_minutes, static_minutes, under_provisioned_share: under }]) => (
          <tr key={name} className="border-t [&>td]:py-1">
            <td>{name}</td>
            <td className="text-right">{rounded(resource_minutes)}</td>
            <td className="text-right">
              {static_minutes === 0 ? UNKNOWN : formatRate(1 - resource_minutes / static_minutes)}
            </td>
            <td className="text-right">{under === null ? UNKNOWN : formatRate(under)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
