import type { ComponentProps } from 'react';

const KINDS = {
  plain: 'border-line text-text hover:bg-raised',
  danger: 'border-open text-open hover:bg-raised',
  primary: 'border-accent text-accent hover:bg-raised',
} as const;

export function Button({
  kind = 'plain',
  className = '',
  ...rest
}: ComponentProps<'button'> & { kind?: keyof typeof KINDS }) {
  return (
    <button
      type="button"
      className={`inline-flex h-8 items-center gap-1.5 rounded-md border bg-card px-3 font-medium whitespace-nowrap disabled:opacity-50 ${KINDS[kind]} ${className}`}
      {...rest}
    />
  );
}
