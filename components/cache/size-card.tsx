'use client';

import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { Field, Input } from '#components/ui/field.tsx';
import { formatCount, formatDuration, formatRate, withUnit } from '#components/ui/format.ts';
import { ReasonField, reasonIn } from '#components/ui/reason-field.tsx';
import { StateNote } from '#components/ui/state-notes.tsx';
import type { CacheMetrics } from '#lib/contracts/cache.ts';

const BYTES_PER_MB = 1_024 * 1_024;
const megabytes = (mb: number) => withUnit(Number(mb.toFixed(1)), 'MB');

/** What other sizes would have made of the recent past, and the way to another size. */
export function SizeCard({
  metrics,
  onChanged,
}: {
  metrics: CacheMetrics;
  onChanged: () => Promise<unknown>;
}) {
  const { ghosts, memory } = metrics;
  const presentMb = memory.max_bytes / BYTES_PER_MB;
  return (
    <Card
      title="Is it the right size?"
      note="replayed at other sizes"
      aside={
        <span className="ml-auto">
          <SizeDialog
            presentMb={presentMb}
            recommendedMb={ghosts?.recommended_mb ?? presentMb}
            onChanged={onChanged}
          />
        </span>
      }
    >
      {ghosts === null ? (
        <div className="border-t">
          <StateNote kind="noTraffic" title="Not enough looks yet to replay" />
        </div>
      ) : (
        <div className="border-t px-4 py-2.5">
          <p className="font-medium">{ghosts.recommendation}.</p>
          <ul className="mt-1.5">
            {ghosts.sizes.map(({ factor, memory_mb, hit_ratio, optimal_hit_ratio }) => (
              <li key={factor} className="py-1">
                <p className="flex justify-between gap-2">
                  <span className={factor === 1 ? 'font-medium' : 'text-muted'}>
                    {megabytes(memory_mb)}
                    {factor === 1 ? ', as it is' : ''}
                  </span>
                  <span>
                    {formatRate(hit_ratio)}{' '}
                    <span className="text-faint">best {formatRate(optimal_hit_ratio)}</span>
                  </span>
                </p>
                <div className="relative mt-0.5 h-1 rounded bg-raised" aria-hidden>
                  <div
                    className={`h-1 rounded ${factor === 1 ? 'bg-closed' : 'bg-[var(--series-1)]'}`}
                    style={{ width: `${hit_ratio * 100}%` }}
                  />
                  <div
                    className="absolute -top-0.5 h-2 w-px bg-text"
                    style={{ left: `${optimal_hit_ratio * 100}%` }}
                  />
                </div>
              </li>
            ))}
          </ul>
          <p className="mt-1.5 text-faint">
            {formatCount(ghosts.looks)} looks of the last {formatDuration(ghosts.window_s * 1_000)}. “Best” is
            what a cache of that size could have hit at most, had it known the future (Belady). Without any
            limit: {formatRate(ghosts.unlimited_hit_ratio)}.
          </p>
        </div>
      )}
    </Card>
  );
}

function SizeDialog({
  presentMb,
  recommendedMb,
  onChanged,
}: {
  presentMb: number;
  recommendedMb: number;
  onChanged: () => Promise<unknown>;
}) {
  const change = async (form: FormData) => {
    const memory_mb = Number(form.get('memory_mb'));
    await send('PATCH', '/api/cache', { memory_mb, ...reasonIn(form) });
    await onChanged();
    return `The cache may take ${memory_mb} MB now.`;
  };
  return (
    <ConfirmDialog
      trigger={<Button>Change size</Button>}
      title="Change the size of the cache?"
      effect="Takes effect at once and until the configured size changes or the server starts anew. In a smaller cache, what was used longest ago is dropped."
      verb="Change the size"
      kind="primary"
      act={change}
    >
      <Field label={`Memory for entries, MB (now ${megabytes(presentMb)})`}>
        <Input
          name="memory_mb"
          type="number"
          required
          min={1}
          max={1_048_576}
          step={1}
          defaultValue={Math.max(1, Math.round(recommendedMb))}
        />
      </Field>
      <ReasonField />
    </ConfirmDialog>
  );
}
