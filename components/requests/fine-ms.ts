import { splitMs, withUnit } from '#components/ui/format.ts';

/** A time that may be a hundredth of a millisecond, with its unit. */
export function fineMs(ms: number | null): string {
  const { value, unit } = splitMs(ms);
  return unit === '' ? value : withUnit(value, unit);
}
