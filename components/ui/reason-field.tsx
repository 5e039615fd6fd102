import { Field, Input } from '#components/ui/field.tsx';

/** The reason that every change of state may be given. */
export function ReasonField() {
  return (
    <Field label="Reason (optional, kept in the log)">
      <Input name="reason" maxLength={500} />
    </Field>
  );
}

/** It as a part of a request: none when nothing was written. */
export function reasonIn(form: FormData): { reason?: string } {
  const reason = String(form.get('reason') ?? '').trim();
  return reason === '' ? {} : { reason };
}
