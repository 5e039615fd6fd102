'use client';

import { Dialog } from 'radix-ui';
import { type FormEvent, useState } from 'react';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';

const ACTIONS = {
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
    effect: 'Ends any hold, closes the breaker and empties its window. Calls reach the upstream again.',
    done: 'was reset and is closed',
  },
} as const;

/** Seconds; '' is until somebody resets it. */
const DURATIONS = [
  ['', 'until it is reset'],
  ['60', '1 minute'],
  ['300', '5 minutes'],
  ['900', '15 minutes'],
  ['3600', '1 hour'],
] as const;

interface Props {
  action: keyof typeof ACTIONS;
  component: string;
  onDone: (result: string) => Promise<void>;
}

/** Names target and effect, asks for a reason, shows what the server said. */
export function ActionDialog({ action, component, onDone }: Props) {
  const [open, setOpen] = useState(false);
  const { verb } = ACTIONS[action];
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger asChild>
        <Button aria-label={`${verb} ${component}`} className="min-w-16 justify-center">
          {verb}
        </Button>
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 bg-black/50" />
        <Dialog.Content className="fixed top-1/2 left-1/2 w-[calc(100vw-2rem)] max-w-md -translate-x-1/2 -translate-y-1/2 rounded-card border bg-card p-5">
          <Form action={action} component={component} onDone={onDone} close={() => setOpen(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Form({ action, component, onDone, close }: Props & { close: () => void }) {
  const { verb, kind, effect, done } = ACTIONS[action];
  const [error, setError] = useState('');
  const [pending, setPending] = useState(false);
  // Not a form action: those empty the form, and a second try must ask for the same.
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const reason = String(form.get('reason') ?? '').trim();
    const duration = String(form.get('duration') ?? '');
    const body = {
      ...(reason === '' ? {} : { reason }),
      ...(duration === '' ? {} : { duration_s: Number(duration) }),
    };
    setPending(true);
    setError('');
    try {
      await send('POST', `/api/breakers/${encodeURIComponent(component)}/${action}`, body);
    } catch (thrown) {
      setError(thrown instanceof Error ? thrown.message : 'The server did not answer');
      setPending(false);
      return;
    }
    close();
    await onDone(`${component} ${done}.`);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <Dialog.Title className="text-[16px] font-semibold">
        {verb} <span className="font-mono">{component}</span>?
      </Dialog.Title>
      <Dialog.Description className="text-muted">{effect}</Dialog.Description>
      {action === 'trip' ? (
        <label className="flex flex-col gap-1">
          For how long
          <select name="duration" className="h-9 rounded-md border bg-ground px-2">
            {DURATIONS.map(([seconds, text]) => (
              <option key={seconds} value={seconds}>
                {text}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      <label className="flex flex-col gap-1">
        Reason (optional, kept in the log)
        <input
          name="reason"
          maxLength={500}
          autoComplete="off"
          className="h-9 rounded-md border bg-ground px-3"
        />
      </label>
      <p role="alert" className="min-h-5 text-open">
        {error}
      </p>
      <div className="flex justify-end gap-2">
        <Dialog.Close asChild>
          <Button>Cancel</Button>
        </Dialog.Close>
        <Button type="submit" kind={kind} disabled={pending}>
          {pending ? 'Working…' : `${verb} ${component}`}
        </Button>
      </div>
    </form>
  );
}
