/** The component `test`: protects nothing, so that anyone may trip it, and opens after exactly N failures. */
import type { BreakerLimits } from '#lib/breaker/types.ts';
import { type BreakerSettings, breakerSettingsSchema } from '#lib/contracts/config.ts';

export const SANDBOX = 'test';
export const SANDBOX_FAILURES = 3;
/** Its calls are settled at once, one after another. */
export const SANDBOX_LIMITS: BreakerLimits = { probeLeaseMs: 1_000, capacity: 1 };

/** Settings under which a fresh window opens at exactly that many failures in a row. */
export function sandboxSettings(failures: number = SANDBOX_FAILURES): BreakerSettings {
  return breakerSettingsSchema.parse({ minimum_calls: failures });
}
