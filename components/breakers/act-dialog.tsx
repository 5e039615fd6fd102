'use client';

import { useState } from 'react';
import { DURATIONS } from '#components/breakers/durations.ts';
import { apiOf } from '#components/breakers/paths.ts';
import { useAnnounce } from '#components/ui/announcer.tsx';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { Field, Input, Select } from '#components/ui/field.tsx';

const ACTS = {
  trip: {
    verb: 'Trip',
    kind: 'danger',
    effect:
      'Calls are refused at once, whatever the traffic, and go to the next upstream that serves the model if there is one.',
    done: 'is held open',
  },
  reset: {
    verb: 'Reset',
    kind: 'primary',
    effect: 'Ends all holds, closes the breaker and empties its window. Calls reach the upstream again.',
    done: 'was reset and is closed',
  },
} as const;

export type Act = keyof typeof ACTS;

/** A button that trips or resets a component's breaker, after a dialog that says what that does. */
export function ActDialog({
  act: proposed,
  component,
  others,
  onPending,
}: {
  act: Act;
  component: string;
  /** The upstreams that serve its models beside its own, where that is known. */
  others?: readonly string[];
  /** Told when it is under way, and when that is over; shown until the next snapshot has the new state. */
  onPending?: (act: Act | null) => void;
}) {
  const announce = useAnnounce();
  // What a dialog was opened for stays, whatever becomes of the breaker meanwhile.
  const [begun, setBegun] = useState<Act | null>(null);
  const act = begun ?? proposed;
  const { verb, kind, effect, done } = ACTS[act];
  const carryOut = async (form: FormData) => {
    const reason = String(form.get('reason') ?? '').trim();
    const duration = String(form.get('duration') ?? '');
    onPending?.(act);
    try {
      await send('POST', apiOf(component, act), {
        ...(reason === '' ? {} : { reason }),
        ...(duration === '' ? {} : { duration_s: Number(duration) }),
      });
    } finally {
      onPending?.(null);
    }
    announce(`${component} ${done}.`);
  };
  return (
    <ConfirmDialog
      trigger={
        <Button aria-label={`${verb} ${component}`} className="min-w-15 justify-center">
          {verb}
        </Button>
      }
      title={
        <>
          {verb} <span className="font-mono">{component}</span>?
        </>
      }
      effect={act === 'trip' && others !== undefined ? `${effect} ${whoServes(others)}` : effect}
      verb={`${verb} ${component}`}
      kind={kind}
      act={carryOut}
      onOpenChange={(open) => setBegun(open ? act : null)}
    >
      {act === 'trip' ? (
        <Field label="For how long">
          <Select name="duration" choices={DURATIONS} />
        </Field>
      ) : null}
      <Field label="Reason (optional, kept in the log)">
        <Input name="reason" maxLength={500} />
      </Field>
    </ConfirmDialog>
  );
}

function whoServes(others: readonly string[]): string {
  if (others.length === 0) return 'Now no other upstream serves them: callers will get 503.';
  return `Now ${others.join(', ')} would serve them, where it has their model.`;
}
