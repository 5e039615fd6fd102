/** How a request was answered, in words and in the colours of the charts. */
import { type AnswerKind, servedKinds } from '#lib/contracts/requests.ts';

export interface How {
  readonly label: string;
  /** A sentence for the detail. */
  readonly meaning: string;
  readonly tone: string;
}

export const HOW: Record<AnswerKind, How> = {
  upstream: { label: 'upstream', meaning: 'answered by an upstream', tone: 'text-muted' },
  cache: { label: 'cache', meaning: 'answered from the cache', tone: 'text-closed' },
  coalesced: { label: 'joined', meaning: 'joined a call that was under way', tone: 'text-accent' },
  stale: { label: 'stale', meaning: 'answered with a kept, older answer', tone: 'text-half-open' },
  refused: { label: 'refused', meaning: 'refused by Switchgear', tone: 'text-half-open' },
  failed: { label: 'failed', meaning: 'failed, so that the caller noticed', tone: 'text-open' },
  rejected: { label: 'rejected', meaning: 'rejected for a fault of its own', tone: 'text-muted' },
  cancelled: { label: 'cancelled', meaning: 'cancelled by its client', tone: 'text-held' },
};

export function isServed(how: AnswerKind): boolean {
  return (servedKinds as readonly AnswerKind[]).includes(how);
}
