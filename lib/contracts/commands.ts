/** `POST /api/commands`: plain words, what was understood of them, and what was done. */
import { z } from 'zod';
import { modes } from '#lib/contracts/predictions.ts';

const component = z.string();
const more = { reason: z.string().optional(), duration_s: z.int().optional() };
const why = { reason: z.string().optional() };

export const commandSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('trip'), component, ...more }),
  z.strictObject({
    action: z.literal('hold'),
    component,
    mode: z.enum(['open', 'closed', 'metrics_only']),
    ...more,
  }),
  z.strictObject({ action: z.literal('lift'), component, ...more }),
  z.strictObject({ action: z.literal('reset'), component, ...more }),
  z.strictObject({ action: z.literal('why'), component }),
  z.strictObject({ action: z.literal('hit_rate'), window_s: z.int().nullable() }),
  z.strictObject({ action: z.literal('status') }),
  z.strictObject({
    action: z.literal('purge'),
    cache: z.string().optional(),
    model: z.string().optional(),
    all: z.boolean().optional(),
    ...why,
  }),
  z.strictObject({ action: z.literal('drill'), component, ...more }),
  z.strictObject({ action: z.literal('load_test'), ...more }),
  z.strictObject({ action: z.literal('allocation_mode'), mode: z.enum(modes), ...more }),
  z.strictObject({ action: z.literal('show_page'), href: z.string() }),
]);

export const commandRequestSchema = z.strictObject({
  text: z.string().trim().min(1).max(500),
  /** Says what was understood, and does nothing. */
  dry_run: z.boolean().default(false),
});

export const commandResultSchema = z.strictObject({
  text: z.string(),
  command: commandSchema,
  /** The command in words: what is shown is what is run. */
  understood: z.string(),
  /** Changes something: the console asks before it runs it. */
  dangerous: z.boolean(),
  done: z.boolean(),
  /** What came of it, in words; null when nothing was done. */
  answer: z.string().nullable(),
});

export type Command = z.output<typeof commandSchema>;
export type CommandResult = z.output<typeof commandResultSchema>;
