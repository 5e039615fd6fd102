import { Lock } from 'lucide-react';
import type { BreakerView } from '#lib/contracts/breakers.ts';

const STATES = {
  closed: { name: 'Closed', tone: 'text-closed', arm: 'M9 8h8' },
  half_open: { name: 'Half-open', tone: 'text-half-open', arm: 'M9 8h2m2 0h2m2 0h0' },
  open: { name: 'Open', tone: 'text-open', arm: 'M9 7l6.5-5' },
} as const;

const HOLDS = { open: 'Held open', closed: 'Held closed', metrics_only: 'Metrics only' } as const;

/** State by text, by the position of a switch, and by colour; a hold by a lock. */
export function StateBadge({ breaker }: { breaker: BreakerView }) {
  const { name, tone, arm } = STATES[breaker.state];
  const held = breaker.hold !== null;
  return (
    <span
      className={`inline-flex h-6 items-center gap-1.5 rounded-full border border-current px-2.5 whitespace-nowrap ${held ? 'text-held' : tone}`}
    >
      {held ? (
        <Lock size={13} aria-hidden />
      ) : (
        <svg viewBox="0 0 26 16" width="18" height="11" aria-hidden>
          <g fill="none" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round">
            <path d={`M1 8h6M19 8h6${arm}`} />
            <circle cx="8" cy="8" r="2" fill="currentColor" />
            <circle cx="18" cy="8" r="2" fill="currentColor" />
          </g>
        </svg>
      )}
      {breaker.hold === null ? name : HOLDS[breaker.hold.mode]}
    </span>
  );
}
