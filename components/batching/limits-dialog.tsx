'use client';

import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { Field, Input } from '#components/ui/field.tsx';
import { ReasonField, reasonIn } from '#components/ui/reason-field.tsx';
import type { BatchKind, UpstreamBatcherView } from '#lib/contracts/batching.ts';

const NAMES = { embedding: 'embeddings', llm: 'prompts and chats' } as const;

/** Changes size and wait of one batcher at once. */
export function LimitsDialog({
  kind,
  upstream,
  limits,
  onChanged,
}: {
  kind: BatchKind;
  upstream: string;
  limits: UpstreamBatcherView['limits'];
  onChanged: () => Promise<unknown>;
}) {
  const change = async (form: FormData) => {
    const number = (name: string) => Number(form.get(name));
    await send('PATCH', '/api/batching', {
      kind,
      upstream,
      max_size: number('max_size'),
      max_wait_ms: number('max_wait_ms'),
      ...reasonIn(form),
    });
    await onChanged();
    return `The limits of ${NAMES[kind]} at ${upstream} were changed.`;
  };
  return (
    <ConfirmDialog
      trigger={<Button>Change limits</Button>}
      title={
        <>
          Change batches of {NAMES[kind]} at <span className="font-mono">{upstream}</span>?
        </>
      }
      effect="Takes effect at once, and until the server starts anew. A size of 1 merges nothing."
      verb="Change the limits"
      kind="primary"
      act={change}
    >
      <Field label="Items in a batch, at most">
        <Input
          name="max_size"
          type="number"
          required
          min={1}
          max={2_048}
          step={1}
          defaultValue={limits.max_size}
        />
      </Field>
      <Field label="Wait of the oldest, at most, ms">
        <Input
          name="max_wait_ms"
          type="number"
          required
          min={0}
          max={10_000}
          step={1}
          defaultValue={limits.max_wait_ms}
        />
      </Field>
      <ReasonField />
    </ConfirmDialog>
  );
}
