/** How the control plane and the OpenAI surface tell of an error. */
import { z } from 'zod';
import { type ErrorCode, HTTP_STATUS } from '#lib/errors.ts';

const codes = Object.keys(HTTP_STATUS) as ErrorCode[]; // The keys of that record are what `ErrorCode` is.

/** Every error of the control plane. */
export const errorSchema = z.strictObject({
  error: z.strictObject({
    /** From one closed list. */
    code: z.enum(codes),
    message: z.string(),
    /** Of a bad body or query, each fault as `{path, message}`. */
    details: z.unknown().optional(),
  }),
});

/** An error of the data plane, as OpenAI's clients know it. `code` may be the upstream's own. */
export const openAiErrorSchema = z.object({
  error: z.object({
    message: z.string(),
    type: z.string().nullable(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});

/** An error of the data plane, as Ollama's clients know it. */
export const ollamaErrorSchema = z.object({ error: z.string() });
