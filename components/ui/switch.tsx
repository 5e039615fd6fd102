'use client';

import { Switch as Radix } from 'radix-ui';
import { type ReactNode, useId } from 'react';

/** On or off, with its label beside it. */
export function Switch({
  label,
  checked,
  onChange,
}: {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  const id = useId();
  return (
    <span className="inline-flex items-center gap-2">
      <Radix.Root
        id={id}
        checked={checked}
        onCheckedChange={onChange}
        className="h-5 w-9 shrink-0 rounded-full border border-faint bg-raised data-[state=checked]:border-accent data-[state=checked]:bg-accent"
      >
        <Radix.Thumb className="block size-3.5 translate-x-0.5 rounded-full bg-faint transition-transform data-[state=checked]:translate-x-4.5 data-[state=checked]:bg-card" />
      </Radix.Root>
      <label htmlFor={id} className="text-muted">
        {label}
      </label>
    </span>
  );
}
