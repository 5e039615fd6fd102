import type { ComponentProps, ReactNode } from 'react';

const CONTROL = 'h-9 min-w-0 rounded-md border bg-ground px-3 aria-invalid:border-open disabled:opacity-60';

/** A label with its control below it, and what is wrong with it. */
export function Field({
  label,
  error,
  children,
}: {
  label: ReactNode;
  error?: string | undefined;
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className="flex min-w-0 flex-col gap-1">
      <span className="text-muted">{label}</span>
      {children}
      {error === undefined ? null : (
        <span role="alert" className="text-open">
          {error}
        </span>
      )}
    </label>
  );
}

export function Input({ className = '', ...rest }: ComponentProps<'input'>) {
  return <input autoComplete="off" className={`${CONTROL} ${className}`} {...rest} />;
}

export type Choice = readonly [value: string, text: string];

/** The browser's own list: it works by keyboard, by touch and for screen readers everywhere. */
export function Select({
  choices,
  className = '',
  ...rest
}: ComponentProps<'select'> & { choices: readonly Choice[] }) {
  return (
    <select className={`${CONTROL} px-2 ${className}`} {...rest}>
      {choices.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  );
}
