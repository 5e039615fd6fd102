/** Lists of unknown length, checked without a fault for each of a million wrong items. */
import { z } from 'zod';

/** As `z.array`, but nothing is told beyond the first fault of the first item that is wrong. */
export function listOf(item: z.ZodType) {
  return z
    .custom<readonly unknown[]>(Array.isArray, { error: 'must be of type array', abort: true })
    .check(({ value, issues }) => {
      for (const [at, each] of value.entries()) {
        const fault = item.safeParse(each).error?.issues[0];
        if (fault === undefined) continue;
        // A fault that zod made itself, told from where the list stands.
        issues.push({ ...fault, path: [at, ...fault.path], input: each } as z.core.$ZodRawIssue);
        return;
      }
    });
}
