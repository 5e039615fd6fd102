/** Figures and times in words. `–` stands for what is not known. */

export const UNKNOWN = '–';

export function formatMs(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  if (ms >= 9_950) return `${(ms / 1_000).toFixed(0)} s`;
  if (ms >= 999.5) return `${(ms / 1_000).toFixed(1)} s`;
  return `${ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

/** A rate of 0..1 in percent. */
export function formatRate(rate: number | null): string {
  return rate === null ? UNKNOWN : `${(rate * 100).toFixed(1)} %`;
}

export function formatPerSecond(rate: number): string {
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
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
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
