/** What the rest of the house knows of a breaker. */
import type { BreakerSettings } from '#lib/contracts/config.ts';

export type FailureKind =
  | 'connect'
  | 'connect_timeout'
  | 'first_byte_timeout'
  | 'idle_timeout'
  | 'total_timeout'
  | 'reset'
  | 'cut'
  | 'invalid_response'
  | 'stream_error'
  | 'http_5xx'
  | 'http_408'
  | 'http_429'
  | 'injected';

/**
 * How an admitted call ended. `neutral` (a client that left, a 4xx) says nothing about the upstream's health, save that
 * it `answered`.
 */
export type Outcome =
  /** `loadMs`: of its time, what the upstream says it took to load the model. */
  | { kind: 'success'; loadMs?: number }
  | { kind: 'neutral'; answered?: boolean }
  | { kind: 'failure'; failure: FailureKind; message: string; retryAfterMs?: number };

/** Leave to make one call. It must be settled exactly when the call's work ends; a second settle does nothing. */
export interface Permit {
  readonly admitted: true;
  readonly component: string;
  settle(outcome: Outcome): void;
}

export interface Refusal {
  readonly admitted: false;
  readonly reason: 'open' | 'half_open_full' | 'ramping' | 'held_open' | 'shut_down';
  /** Milliseconds until it next probes or its hold expires; its open time when that is not known. */
  readonly retryAfterMs: number;
}

/** Told of every call that has ended well or badly, and of every refusal. */
export interface CallMeter {
  call(durationMs: number, failed: boolean): void;
  rejected(): void;
}

/** What a breaker must know of its upstream. */
export interface BreakerLimits {
  /** What a probe may take before its place is given away. */
  readonly probeLeaseMs: number;
  /** Calls in flight that the upstream takes; a recovery ramps admission up to them. */
  readonly capacity: number;
}

export type BreakerState = 'closed' | 'open' | 'half_open';

export interface Breaker {
  readonly name: string;
  readonly settings: BreakerSettings;
  admit(): Permit | Refusal;
  /** What `admit` would refuse with, counted as a rejection; null, and nothing taken, when it would admit. */
  refusal(): Refusal | null;
}
