'use client';

import { ACTUATOR_NAMES, MODE_MEANINGS } from '#components/allocation/words.ts';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { type Choice, Field, Input, Select } from '#components/ui/field.tsx';
import { ReasonField, reasonIn } from '#components/ui/reason-field.tsx';
import { actuators, modes, type Predictions } from '#lib/contracts/predictions.ts';

const MODES = modes.map((mode): Choice => [mode, `${mode}: ${MODE_MEANINGS[mode]}`]);
const WHOSE: readonly Choice[] = [
  ['', 'everything'],
  ...actuators.map((each): Choice => [each, ACTUATOR_NAMES[each]]),
];

/** Changes what the allocator may do, of all or of one actuator, and its limits. */
export function ModeDialog({ view, onChanged }: { view: Predictions; onChanged: () => Promise<unknown> }) {
  const { resource_limits: limits, mode } = view;
  const change = async (form: FormData) => {
    const number = (name: string) => Number(form.get(name));
    const actuator = String(form.get('actuator') ?? '');
    await send('PATCH', '/api/predictions', {
      mode: form.get('mode'),
      ...(actuator === '' ? {} : { actuator }),
      limits: {
        connections: number('connections'),
        workers: number('workers'),
        cache_mb: number('cache_mb'),
      },
      ...reasonIn(form),
    });
    await onChanged();
    return `The allocator's mode is ${String(form.get('mode'))} now.`;
  };
  return (
    <ConfirmDialog
      trigger={<Button>Mode: {mode}</Button>}
      title="Change what the allocator may do?"
      effect="Takes effect at once and outlives a restart, until the configuration says something else. What may no longer act goes back to what is configured."
      verb="Change the mode"
      kind="primary"
      act={change}
    >
      <Field label="Mode">
        <Select name="mode" choices={MODES} defaultValue={mode} />
      </Field>
      <Field label="Of">
        <Select name="actuator" choices={WHOSE} defaultValue="" />
      </Field>
      <Field label="Connections of an upstream, at most">
        <Input
          name="connections"
          type="number"
          required
          min={1}
          max={10_000}
          defaultValue={limits.connections}
        />
      </Field>
      <Field label="Calls at a time of a model, at most">
        <Input name="workers" type="number" required min={1} max={10_000} defaultValue={limits.workers} />
      </Field>
      <Field label="Memory of the cache, MB at most">
        <Input
          name="cache_mb"
          type="number"
          required
          min={1}
          max={1_048_576}
          defaultValue={limits.cache_size_mb}
        />
      </Field>
      <ReasonField />
    </ConfirmDialog>
  );
}
