/** Figures and times in words. `—` stands for what is not known. */

export const UNKNOWN = '—';

/** Between a figure and its unit: narrow, and no place to break a line. */
const GAP = '\u202f';

export function formatMs(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  if (ms >= 9_950) return `${(ms / 1_000).toFixed(0)}${GAP}s`;
  if (ms >= 999.5) return `${(ms / 1_000).toFixed(1)}${GAP}s`;
  return `${ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0)}${GAP}ms`;
}

/** A rate of 0..1 in percent. */
export function formatRate(rate: number | null): string {
  return rate === null ? UNKNOWN : `${(rate * 100).toFixed(1)}${GAP}%`;
}

export function formatPerSecond(rate: number): string {
  if (rate === 0) return '0';
  return rate >= 100 ? rate.toFixed(0) : rate.toFixed(1);
}

/** `3 d 4 h`, `2 h 5 min`, `4 min 10 s`, `9 s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return `0${GAP}s`;
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${GAP}${unit}`)
    .join(' ');
}

/** Local time of day, with the date when it is another day's. */
export function formatTime(iso: string, nowMs: number): string {
  const date = new Date(iso);
  const time = date.toLocaleTimeString('en-GB');
  return date.toDateString() === new Date(nowMs).toDateString()
    ? time
    : `${date.toLocaleDateString('en-CA')} ${time}`;
}

/** Local time for an axis that spans so long: with seconds on a short one, the date at midnight on a long one. */
export function formatClock(ms: number, spanMs: number): string {
  const date = new Date(ms);
  const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
  if (spanMs > 43_200_000 && isMidnight)
    return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  return date.toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    ...(spanMs <= 300_000 ? { second: '2-digit' } : {}),
  });
}

/** A whole number with thin spaces between thousands. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, GAP);
}

/** Milliseconds as a number and its unit, to be set apart. */
export function splitMs(ms: number | null): { value: string; unit: string } {
  if (ms === null) return { value: UNKNOWN, unit: '' };
  // What we add is small: two digits tell it from nothing.
  if (ms < 0.995) return { value: ms.toFixed(2), unit: 'ms' };
  const [value = '', unit = ''] = formatMs(ms).split(GAP);
  return { value, unit };
}

/** A value with its unit. */
export function withUnit(value: string | number, unit: string): string {
  return `${value}${GAP}${unit}`;
}

/** A rate of 0..1 as a figure in percent, precise where it matters: `99.97`, `61.2`, `100`. */
export function percentFigure(rate: number): string {
  const percent = rate * 100;
  if (percent === 100) return '100';
  // Never rounded up to what it is not.
  return percent >= 99 ? (Math.floor(percent * 100) / 100).toFixed(2) : percent.toFixed(1);
}

/** `1 refused`, `3 requests`; the plural is the singular with an s unless given. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

/** The window of a figure: as long as it was measured, which is less after a start. */
export function formatWindow({ window_s, measured_s }: { window_s: number; measured_s: number }): string {
  const isWhole = measured_s >= window_s * 0.95;
  return formatDuration((isWhole ? window_s : measured_s) * 1_000);
}
