/** `GET /api/health/live` and `/api/health/ready`. */
import { z } from 'zod';

export const readinessSchema = z.strictObject({
  ready: z.boolean(),
  /** Why it is not ready; empty when it is. */
  reasons: z.array(z.string()),
});

export type Readiness = z.output<typeof readinessSchema>;
