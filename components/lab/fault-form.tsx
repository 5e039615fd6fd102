'use client';

import { type FormEvent, useState } from 'react';
import { effectOf, FAULT_NAMES, type FaultDraft, requestOf } from '#components/lab/fault-words.ts';
import { useUpstreams } from '#components/live/use-upstreams.ts';
import { ActionError } from '#components/ui/action-error.tsx';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { type Choice, Field, Input, Select } from '#components/ui/field.tsx';
import { StateNote } from '#components/ui/state-notes.tsx';
import { useAction } from '#components/ui/use-action.ts';
import { type FaultKind, faultKinds } from '#lib/contracts/faults.ts';

const KINDS: readonly Choice[] = faultKinds.map((kind) => [kind, FAULT_NAMES[kind]]);
const DURATIONS: readonly Choice[] = [
  ['15', '15 s'],
  ['30', '30 s'],
  ['60', '1 minute'],
  ['300', '5 minutes'],
  ['900', '15 minutes'],
];

/** Makes an upstream fail on order; for one that is no lab only after a second look. */
export function FaultForm({ allowed }: { allowed: boolean }) {
  const upstreams = useUpstreams();
  const usable = upstreams.filter(({ lab }) => lab || allowed);
  const barred = upstreams.filter((upstream) => !usable.includes(upstream)).map(({ name }) => name);
  const [draft, setDraft] = useState<FaultDraft>({
    upstream: usable[0]?.name ?? '',
    kind: 'error',
    ratePercent: 60,
    status: 500,
    latencyMs: 2_000,
    durationS: 30,
  });
  const [reason, setReason] = useState('');
  const { pending, error, run } = useAction();
  const change = (part: Partial<FaultDraft>) => setDraft((before) => ({ ...before, ...part }));
  const target = usable.find(({ name }) => name === draft.upstream) ?? usable[0];
  if (target === undefined) {
    return (
      <StateNote kind="empty" title="No upstream here may be made to fail">
        Faults need an upstream of kind lab, or lab.allow_faults: true in switchgear.yaml.
      </StateNote>
    );
  }
  const given = { ...draft, upstream: target.name };
  const inject = async () => {
    await send('POST', '/api/lab/faults', requestOf(given, reason.trim()));
    return `Fault on ${target.name}: ${FAULT_NAMES[draft.kind].toLowerCase()}.`;
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(inject);
  };
  const button = (
    <Button type={target.lab ? 'submit' : 'button'} kind="danger" disabled={pending}>
      {pending ? 'Injecting…' : 'Inject fault'}
    </Button>
  );
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 px-4 pb-4">
      <div className="grid grid-cols-2 gap-3 sm:grid-cols-3">
        <Field label="Upstream">
          <Select
            value={target.name}
            onChange={(event) => change({ upstream: event.target.value })}
            choices={usable.map(({ name, lab }) => [name, lab ? name : `${name}, a real upstream`])}
          />
        </Field>
        <Field label="Kind">
          <Select
            value={draft.kind}
            // The choices are those of the contract.
            onChange={(event) => change({ kind: event.target.value as FaultKind })}
            choices={KINDS}
          />
        </Field>
        <Field label="For how long">
          <Select
            value={String(draft.durationS)}
            onChange={(event) => change({ durationS: Number(event.target.value) })}
            choices={DURATIONS}
          />
        </Field>
        <Rate value={draft.ratePercent} onChange={(ratePercent) => change({ ratePercent })} />
        {draft.kind === 'error' ? (
          <Field label="Status">
            <Input
              type="number"
              min={400}
              max={599}
              required
              value={draft.status}
              onChange={(event) => change({ status: event.target.valueAsNumber })}
            />
          </Field>
        ) : null}
        {draft.kind === 'latency' ? (
          <Field label="Added ms">
            <Input
              type="number"
              min={1}
              max={600_000}
              required
              value={draft.latencyMs}
              onChange={(event) => change({ latencyMs: event.target.valueAsNumber })}
            />
          </Field>
        ) : null}
      </div>
      {barred.length === 0 ? null : (
        <p className="text-faint">
          Not to choose from, being no lab while lab.allow_faults is not true:{' '}
          <span className="font-mono">{barred.join(', ')}</span>
        </p>
      )}
      <Field label="Reason (optional, kept in the log)">
        <Input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
      </Field>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="min-w-0 flex-1 basis-52 text-muted">{effectOf(given)}</p>
        {target.lab ? (
          button
        ) : (
          <ConfirmDialog
            trigger={button}
            title={
              <>
                Make <span className="font-mono">{target.name}</span> fail?
              </>
            }
            effect={`It is a real upstream. ${effectOf(given)}`}
            verb={`Inject into ${target.name}`}
            kind="danger"
            act={inject}
          />
        )}
      </div>
      <ActionError error={error} />
    </form>
  );
}

/** A slider to feel, and a number to be exact. */
function Rate({ value, onChange }: { value: number; onChange: (percent: number) => void }) {
  const set = (next: number) => {
    if (Number.isFinite(next)) onChange(Math.min(100, Math.max(1, Math.round(next))));
  };
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor="fault-rate" className="text-muted">
        Share of calls, %
      </label>
      <span className="flex items-center gap-2">
        <input
          type="range"
          min={1}
          max={100}
          value={value}
          aria-label="By slider"
          onChange={(event) => set(event.target.valueAsNumber)}
          className="min-w-0 flex-1 accent-(--accent)"
        />
        <Input
          id="fault-rate"
          type="number"
          min={1}
          max={100}
          value={value}
          onChange={(event) => set(event.target.valueAsNumber)}
          className="w-16 px-2!"
        />
      </span>
    </div>
  );
}
