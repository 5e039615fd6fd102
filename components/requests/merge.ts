/** The list on the page, continued with what came since. */
import type { RequestRecord } from '#lib/contracts/requests.ts';

/** Records that are asked for at once, and that the page shows. */
export const PAGE = 100;

/**
 * Newest first. A full answer may have left a hole between itself and what was there before, so it stands alone.
 * @param fresh newest first, all newer than what is `kept`
 */
export function merged(
  kept: readonly RequestRecord[],
  fresh: readonly RequestRecord[],
): readonly RequestRecord[] {
  if (fresh.length === 0) return kept;
  if (fresh.length >= PAGE) return fresh;
  return [...fresh, ...kept].slice(0, PAGE);
}
