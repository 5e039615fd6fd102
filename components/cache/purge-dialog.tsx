'use client';

import { useState } from 'react';
import { z } from 'zod';
import { viewsOf } from '#components/cache/cache-words.ts';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { type Choice, Field, Input, Select } from '#components/ui/field.tsx';
import { counted } from '#components/ui/format.ts';
import { ReasonField, reasonIn } from '#components/ui/reason-field.tsx';
import type { CacheMetrics } from '#lib/contracts/cache.ts';

const resultSchema = z.object({ purged: z.number() });
const TYPED = 'purge all';

/** Drops entries of a cache, of a model, or all; all needs to be typed. */
export function PurgeDialog({
  metrics,
  onPurged,
}: {
  metrics: CacheMetrics;
  onPurged: () => Promise<unknown>;
}) {
  const [cache, setCache] = useState('');
  const [model, setModel] = useState('');
  const views = viewsOf(metrics);
  const choices: readonly Choice[] = [['', 'all caches'], ...views.map(([name]): Choice => [name, name])];
  const isAll = cache === '' && model.trim() === '';
  const size =
    cache === '' ? metrics.memory.entries : (views.find(([name]) => name === cache)?.[1].size ?? 0);
  const purge = async (form: FormData) => {
    const scope = isAll
      ? { all: true }
      : { ...(cache === '' ? {} : { cache }), ...(model.trim() === '' ? {} : { model: model.trim() }) };
    const { purged } = resultSchema.parse(
      await send('POST', '/api/cache/purge', { ...scope, ...reasonIn(form) }),
    );
    await onPurged();
    return `${counted(purged, 'entry was', 'entries were')} purged.`;
  };
  return (
    <ConfirmDialog
      trigger={<Button>Purge…</Button>}
      title="Purge the cache?"
      effect={`Up to ${counted(size, 'entry', 'entries')} in memory, and what Redis and other replicas have of them, are dropped at once. Callers wait for the upstream again.`}
      verb={isAll ? 'Purge all caches' : `Purge ${cache === '' ? `model ${model.trim()}` : cache}`}
      kind="danger"
      act={purge}
      onOpenChange={(open) => {
        if (open) return;
        setCache('');
        setModel('');
      }}
    >
      <Field label="Cache">
        <Select value={cache} choices={choices} onChange={(event) => setCache(event.target.value)} />
      </Field>
      <Field label="Only of the model (optional)">
        <Input value={model} maxLength={256} onChange={(event) => setModel(event.target.value)} />
      </Field>
      {isAll ? (
        <Field label={`Type “${TYPED}” to drop everything`}>
          <Input name="typed" required pattern={TYPED} title={`Type ${TYPED}`} />
        </Field>
      ) : null}
      <ReasonField />
    </ConfirmDialog>
  );
}
