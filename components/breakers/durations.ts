import type { Choice } from '#components/ui/field.tsx';

/** Of a hold, in seconds; '' is until somebody lifts it. */
export const DURATIONS: readonly Choice[] = [
  ['', 'until it is lifted or reset'],
  ['60', '1 minute'],
  ['300', '5 minutes'],
  ['900', '15 minutes'],
  ['3600', '1 hour'],
  ['86400', '1 day'],
];
