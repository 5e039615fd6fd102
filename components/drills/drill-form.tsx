'use client';

import { useState } from 'react';
import { FAULT_WORDS } from '#components/drills/drill-words.ts';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { type Choice, Field, Input, Select } from '#components/ui/field.tsx';
import { faultKinds } from '#lib/contracts/faults.ts';

const KINDS: readonly Choice[] = faultKinds.map((kind) => [kind, FAULT_WORDS[kind]]);

/** Asks for the fault, and says what a drill does before it begins. */
export function DrillForm({ component }: { component: string }) {
  const [fault, setFault] = useState<string>('error');
  const start = async (form: FormData) => {
    await send('POST', '/api/lab/drills', {
      component,
      fault,
      rate: Number(form.get('percent')) / 100,
      duration_s: Number(form.get('duration')),
      calls_per_s: Number(form.get('calls')),
      ...(fault === 'latency' ? { latency_ms: Number(form.get('latency')) } : {}),
    });
    return `The drill on ${component} has begun.`;
  };
  return (
    <div className="px-4 pb-3">
      <ConfirmDialog
        trigger={<Button kind="danger">Start a drill…</Button>}
        title={
          <>
            Drill <span className="font-mono">{component}</span>?
          </>
        }
        effect="Its upstream is made to fail for all callers while the drill lasts, and the drill sends calls of its own. The fault is taken back at the end, whatever happens."
        verb={`Drill ${component}`}
        kind="danger"
        act={start}
      >
        <div className="grid grid-cols-2 gap-3">
          <Field label="Fault">
            <Select value={fault} onChange={(event) => setFault(event.target.value)} choices={KINDS} />
          </Field>
          <Field label="Share of calls, %">
            <Input name="percent" type="number" min={1} max={100} defaultValue={60} required />
          </Field>
          <Field label="Fault lasts, s">
            <Input name="duration" type="number" min={1} max={600} step="any" defaultValue={20} required />
          </Field>
          <Field label="Calls a second">
            <Input name="calls" type="number" min={1} max={200} defaultValue={50} required />
          </Field>
          {fault === 'latency' ? (
            <Field label="Added latency, ms">
              <Input name="latency" type="number" min={0} max={600_000} defaultValue={1_000} required />
            </Field>
          ) : null}
        </div>
      </ConfirmDialog>
    </div>
  );
}
