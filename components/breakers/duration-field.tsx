import { type Choice, Field, Select } from '#components/ui/field.tsx';

/** Of a hold, in seconds; '' is until somebody lifts it. */
const DURATIONS: readonly Choice[] = [
  ['', 'until it is lifted or reset'],
  ['60', '1 minute'],
  ['300', '5 minutes'],
  ['900', '15 minutes'],
  ['3600', '1 hour'],
  ['86400', '1 day'],
];

export function DurationField() {
  return (
    <Field label="For how long">
      <Select name="duration" choices={DURATIONS} />
    </Field>
  );
}

/** It as a part of a request: none for a hold without an end. */
export function durationIn(form: FormData): { duration_s?: number } {
  const duration = String(form.get('duration') ?? '');
  return duration === '' ? {} : { duration_s: Number(duration) };
}
