'use client';

import { Dialog } from 'radix-ui';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Button } from '#components/ui/button.tsx';

export interface ConfirmDialogProps {
  /** What opens it. */
  trigger: ReactNode;
  title: ReactNode;
  /** What will happen, in a sentence. */
  effect: ReactNode;
  /** The button that does it; names the target too. */
  verb: string;
  kind: 'danger' | 'primary';
  /** Fields, by name in the form's data. */
  children?: ReactNode;
  /** Does it; what it throws is shown, and the form stays as it was. */
  act: (form: FormData) => Promise<void>;
}

/** Names target and effect before anything happens; shows that it is under way, and the server's own words when it fails. */
export function ConfirmDialog({ trigger, ...form }: ConfirmDialogProps) {
  const [open, setOpen] = useState(false);
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger asChild>{trigger}</Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-black/50" />
        <Dialog.Content className="fixed top-1/2 left-1/2 z-50 max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] max-w-md -translate-x-1/2 -translate-y-1/2 overflow-y-auto rounded-card border bg-card p-5">
          <ConfirmForm {...form} close={() => setOpen(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function ConfirmForm({
  title,
  effect,
  verb,
  kind,
  children,
  act,
  close,
}: Omit<ConfirmDialogProps, 'trigger'> & { close: () => void }) {
  const [error, setError] = useState('');
  const [pending, setPending] = useState(false);
  // Not a form action: those empty the form, and a second try must ask for the same.
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setPending(true);
    setError('');
    try {
      await act(form);
    } catch (thrown) {
      setError(thrown instanceof Error ? thrown.message : 'The server did not answer');
      setPending(false);
      return;
    }
    close();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <Dialog.Title className="text-[16px] font-semibold">{title}</Dialog.Title>
      <Dialog.Description className="text-muted">{effect}</Dialog.Description>
      {children}
      <p role="alert" className="min-h-5 text-open">
        {error}
      </p>
      <div className="flex justify-end gap-2">
        <Dialog.Close asChild>
          <Button>Cancel</Button>
        </Dialog.Close>
        <Button type="submit" kind={kind} disabled={pending}>
          {pending ? 'Working…' : verb}
        </Button>
      </div>
    </form>
  );
}
