/** `POST` and `DELETE /api/session`: the console's session. */
import { z } from 'zod';

/** The token is not checked by the schema, whose faults quote the value. */
export const sessionRequestSchema = z.strictObject({ token: z.unknown() });

export const sessionSchema = z.strictObject({ status: z.enum(['open', 'closed']) });
