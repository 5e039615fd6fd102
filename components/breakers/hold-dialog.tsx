'use client';

import { DurationField, durationIn } from '#components/breakers/duration-field.tsx';
import { apiOf } from '#components/breakers/paths.ts';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { type Choice, Field, Select } from '#components/ui/field.tsx';
import { ReasonField, reasonIn } from '#components/ui/reason-field.tsx';

const MODES: readonly Choice[] = [
  ['closed', 'closed: all calls go through'],
  ['metrics_only', 'metrics only: measured, opens on nothing'],
  ['open', 'open: all calls are refused'],
];

/** Holds a breaker in a mode, whatever its traffic. */
export function HoldDialog({ component }: { component: string }) {
  const hold = async (form: FormData) => {
    const mode = String(form.get('mode') ?? '');
    await send('POST', apiOf(component, 'hold'), { mode, ...reasonIn(form), ...durationIn(form) });
    return mode === 'metrics_only' ? `${component} is only measured now.` : `${component} is held ${mode}.`;
  };
  return (
    <ConfirmDialog
      trigger={<Button>Hold…</Button>}
      title={
        <>
          Hold <span className="font-mono">{component}</span>?
        </>
      }
      effect="The hold decides what callers meet, whatever the traffic, until it is lifted or its time is up. Earlier holds wait under it."
      verb={`Hold ${component}`}
      kind="danger"
      act={hold}
    >
      <Field label="Mode">
        <Select name="mode" choices={MODES} />
      </Field>
      <DurationField />
      <ReasonField />
    </ConfirmDialog>
  );
}
