'use client';

import { FAULT_NAMES, strengthOf } from '#components/lab/fault-words.ts';
import { useLive } from '#components/live/live-context.ts';
import { ActionError } from '#components/ui/action-error.tsx';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { formatCount, formatDuration, formatRate } from '#components/ui/format.ts';
import { StateNote } from '#components/ui/state-notes.tsx';
import { useAction } from '#components/ui/use-action.ts';
import type { Fault } from '#lib/contracts/faults.ts';

/** Faults that are at work: what, how much is left of them, what they have struck. */
export function ActiveFaults() {
  const { snapshot, nowMs } = useLive();
  if (snapshot.faults.length === 0) {
    return (
      <div className="border-t">
        <StateNote kind="empty" title="No fault is active" />
      </div>
    );
  }
  return (
    <ul className="border-t">
      {snapshot.faults.map((fault) => (
        <Line key={fault.id} fault={fault} nowMs={nowMs} />
      ))}
    </ul>
  );
}

function Line({ fault, nowMs }: { fault: Fault; nowMs: number }) {
  const { pending, error, run } = useAction();
  const { id, upstream, kind, rate, started_at, ends_at, struck, by, reason } = fault;
  const [from, to] = [Date.parse(started_at), Date.parse(ends_at)];
  const left = Math.max(0, to - nowMs);
  const end = () =>
    run(async () => {
      await send('DELETE', `/api/lab/faults/${encodeURIComponent(id)}`);
      return `The fault on ${upstream} was ended.`;
    });
  return (
    <li className="border-b px-4 py-2.5 last:border-b-0" data-fault={kind}>
      <div className="flex items-start gap-3">
        <div className="min-w-0 flex-1">
          <p className="flex flex-wrap gap-x-3">
            <span className="font-medium text-half-open">
              {FAULT_NAMES[kind]} on <span className="font-mono">{upstream}</span>
            </span>
            <span className="text-muted">
              {formatRate(rate)} of calls{strengthOf(fault) === '' ? '' : `, ${strengthOf(fault)}`}
            </span>
            <span className="text-muted">ends in {formatDuration(left)}</span>
          </p>
          <p className="text-faint">
            {formatCount(struck)} calls struck in {formatDuration(nowMs - from)} · by {by}
            {reason === undefined ? '' : `: “${reason}”`}
          </p>
        </div>
        <Button
          onClick={end}
          disabled={pending}
          aria-label={`End now: the fault on ${upstream}`}
          className="shrink-0"
        >
          {pending ? 'Ending…' : 'End now'}
        </Button>
      </div>
      <ActionError error={error} />
      <div className="mt-1 h-1 rounded bg-raised" aria-hidden>
        <div className="h-1 rounded bg-half-open" style={{ width: `${(1 - left / (to - from)) * 100}%` }} />
      </div>
    </li>
  );
}
