'use client';

import { type FormEvent, type ReactNode, useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { useAction } from '#components/ui/use-action.ts';

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
  /** Does it and answers what to announce; what it throws is shown, and the form stays as it was. */
  act: (form: FormData) => Promise<string>;
  onOpenChange?: (open: boolean) => void;
}

/** Names target and effect before anything happens; shows that it is under way, and the server's own words when it fails. */
export function ConfirmDialog({ trigger, title, effect, onOpenChange, ...form }: ConfirmDialogProps) {
  const [open, setOpen] = useState(false);
  const change = (next: boolean) => {
    setOpen(next);
    onOpenChange?.(next);
  };
  return (
    <Dialog open={open} onOpenChange={change} trigger={trigger} title={title} description={effect}>
      <ConfirmForm {...form} close={() => change(false)} />
    </Dialog>
  );
}

function ConfirmForm({
  verb,
  kind,
  children,
  act,
  close,
}: Pick<ConfirmDialogProps, 'verb' | 'kind' | 'children' | 'act'> & { close: () => void }) {
  const { pending, error, run } = useAction();
  // Not a form action: those empty the form, and a second try must ask for the same.
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    // React lets it bubble to a form that this dialog was opened from, which would act a second time.
    event.stopPropagation();
    const form = new FormData(event.currentTarget);
    if (await run(() => act(form))) close();
  };
  return (
    <form onSubmit={submit} aria-busy={pending} className="flex flex-col gap-3">
      {children}
      <p role="alert" className="min-h-5 break-words text-open">
        {error}
      </p>
      <div className="flex justify-end gap-2">
        <Button onClick={close}>Cancel</Button>
        <Button type="submit" kind={kind} disabled={pending}>
          {pending ? 'Working…' : verb}
        </Button>
      </div>
    </form>
  );
}
