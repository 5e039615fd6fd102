/** `GET /api/health/live` and `/api/health/ready`. */
import { z } from 'zod';

export const readinessSchema = z.strictObject({
  ready: z.boolean(),
  /** Why it is not ready; empty when it is. */
  reasons: z.array(z.string()),
});

export const livenessSchema = z.strictObject({
  status: z.literal('live'),
  started_at: z.iso.datetime(),
});

export type Readiness = z.output<typeof readinessSchema>;
export type Liveness = z.output<typeof livenessSchema>;
