'use client';

import { DURATIONS } from '#components/breakers/durations.ts';
import { apiOf } from '#components/breakers/paths.ts';
import { useAnnounce } from '#components/ui/announcer.tsx';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { type Choice, Field, Input, Select } from '#components/ui/field.tsx';

const MODES: readonly Choice[] = [
  ['closed', 'closed: all calls go through'],
  ['metrics_only', 'metrics only: measured, opens on nothing'],
  ['open', 'open: all calls are refused'],
];

/** Holds a breaker in a mode, whatever its traffic. */
export function HoldDialog({ component }: { component: string }) {
  const announce = useAnnounce();
  const hold = async (form: FormData) => {
    const reason = String(form.get('reason') ?? '').trim();
    const duration = String(form.get('duration') ?? '');
    const mode = String(form.get('mode') ?? '');
    await send('POST', apiOf(component, 'hold'), {
      mode,
      ...(reason === '' ? {} : { reason }),
      ...(duration === '' ? {} : { duration_s: Number(duration) }),
    });
    announce(`${component} is held ${mode.replace('_', ' ')}.`);
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
      <Field label="For how long">
        <Select name="duration" choices={DURATIONS} />
      </Field>
      <Field label="Reason (optional, kept in the log)">
        <Input name="reason" maxLength={500} />
      </Field>
    </ConfirmDialog>
  );
}
