/** What stands where there is nothing to show: each reason has its own words and its own look. */
import { CircleAlert, CircleDashed, Radio } from 'lucide-react';
import type { ReactNode } from 'react';

const LOOKS = {
  empty: { Icon: CircleDashed, tone: 'text-faint' },
  noTraffic: { Icon: Radio, tone: 'text-faint' },
  error: { Icon: CircleAlert, tone: 'text-open' },
} as const;

/** `empty`: there is none; `noTraffic`: there is, but nothing has happened; `error`: it could not be had. */
export function StateNote({
  kind,
  title,
  children,
}: {
  kind: keyof typeof LOOKS;
  title: string;
  children?: ReactNode;
}) {
  const { Icon, tone } = LOOKS[kind];
  return (
    <div
      className="flex h-full min-h-16 flex-col items-center justify-center gap-1 px-4 py-3 text-center"
      role={kind === 'error' ? 'alert' : undefined}
    >
      <Icon size={18} aria-hidden className={tone} />
      <p className={kind === 'error' ? 'text-open' : 'text-muted'}>{title}</p>
      {children === undefined ? null : <div className="text-faint">{children}</div>}
    </div>
  );
}

/** Something is on its way; as large as what comes. */
export function Skeleton({ className = '' }: { className?: string }) {
  return (
    <div role="status" aria-label="Loading" className={`animate-pulse rounded bg-raised ${className}`} />
  );
}
