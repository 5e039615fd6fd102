'use client';

import { useState } from 'react';
import { DurationField, durationIn } from '#components/breakers/duration-field.tsx';
import { apiOf } from '#components/breakers/paths.ts';
import { whoServesInstead } from '#components/breakers/window-words.ts';
import { useLive } from '#components/live/live-context.ts';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { ReasonField, reasonIn } from '#components/ui/reason-field.tsx';
import type { Component } from '#lib/contracts/snapshot.ts';

const ACTS = {
  trip: {
    verb: 'Trip',
    kind: 'danger',
    effect: 'Calls are refused at once, whatever the traffic.',
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
  onPending,
}: {
  act: Act;
  component: Component;
  /** Told when it is under way, and when that is over; shown until the next snapshot has the new state. */
  onPending?: (act: Act | null) => void;
}) {
  const { snapshot } = useLive();
  // What a dialog was opened for stays, whatever becomes of the breaker meanwhile.
  const [begun, setBegun] = useState<Act | null>(null);
  const act = begun ?? proposed;
  const { name } = component;
  const { verb, kind, effect, done } = ACTS[act];
  const carryOut = async (form: FormData) => {
    onPending?.(act);
    try {
      await send('POST', apiOf(name, act), { ...reasonIn(form), ...durationIn(form) });
    } finally {
      onPending?.(null);
    }
    return `${name} ${done}.`;
  };
  return (
    <ConfirmDialog
      trigger={
        <Button aria-label={`${verb} ${name}`} className="min-w-15 justify-center">
          {verb}
        </Button>
      }
      title={
        <>
          {verb} <span className="font-mono">{name}</span>?
        </>
      }
      effect={act === 'trip' ? `${effect} ${whoServesInstead(component, snapshot)}` : effect}
      verb={`${verb} ${name}`}
      kind={kind}
      act={carryOut}
      onOpenChange={(open) => setBegun(open ? act : null)}
    >
      {act === 'trip' ? <DurationField /> : null}
      <ReasonField />
    </ConfirmDialog>
  );
}
