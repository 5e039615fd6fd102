/**
 * Where a moment stands in its day and week. Demand follows the clock on the wall, so positions are taken in a time
 * zone, and move with daylight saving. A season is a day unless a demonstration compresses it; a week is seven.
 */

const HOURS = 24;
const DAYS = 7;
/** Offsets change on quarters of an hour at most. */
const OFFSET_EVERY_S = 900;
const MAX_OFFSETS = 4_096;

export class Calendar {
  readonly seasonS: number;
  readonly #format: Intl.DateTimeFormat | null;
  readonly #offsets = new Map<number, number>();

  /** @param timezone an IANA name. @throws RangeError when it is unknown */
  constructor(seasonS = 86_400, timezone = 'UTC') {
    this.seasonS = seasonS;
    this.#format =
      timezone === 'UTC'
        ? null
        : new Intl.DateTimeFormat('en-US', {
            timeZone: timezone,
            hourCycle: 'h23',
            year: 'numeric',
            month: 'numeric',
            day: 'numeric',
            hour: 'numeric',
            minute: 'numeric',
            second: 'numeric',
          });
  }

  /** Steps since the season began: 0 to `seasonS / stepS`, exclusive. @param atS epoch seconds */
  slot(atS: number, stepS: number): number {
    return Math.floor(modulo(this.#local(atS), this.seasonS) / stepS);
  }

  /** The hour of the week, 0 to 167. @param atS epoch seconds */
  hourOfWeek(atS: number): number {
    return Math.floor(modulo(this.#local(atS), DAYS * this.seasonS) / (this.seasonS / HOURS));
  }

  #local(atS: number): number {
    return this.#format === null ? atS : atS + this.#offsetS(this.#format, atS);
  }

  #offsetS(format: Intl.DateTimeFormat, atS: number): number {
    const key = Math.floor(atS / OFFSET_EVERY_S);
    const known = this.#offsets.get(key);
    if (known !== undefined) return known;
    const startS = key * OFFSET_EVERY_S;
    const parts = new Map(
      format.formatToParts(startS * 1_000).map(({ type, value }) => [type, Number(value)]),
    );
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const wall = Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    );
    const offset = wall / 1_000 - startS;
    if (this.#offsets.size >= MAX_OFFSETS) this.#offsets.clear();
    this.#offsets.set(key, offset);
    return offset;
  }
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
