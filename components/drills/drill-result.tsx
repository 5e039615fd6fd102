'use client';

import Link from 'next/link';
import { pageOf } from '#components/breakers/paths.ts';
import { faultProgress, figuresOf, resultOf, whatItDoes } from '#components/drills/drill-words.ts';
import { useLive } from '#components/live/live-context.ts';
import { ActionError } from '#components/ui/action-error.tsx';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { LocalTime } from '#components/ui/local-time.tsx';
import { useAction } from '#components/ui/use-action.ts';
import type { Drill } from '#lib/contracts/drills.ts';

const TONES = { running: 'text-half-open', passed: 'text-closed', failed: 'text-open' } as const;

/** One drill: its progress while it runs, then its figures and what it is judged by. */
export function DrillResult({ drill, named }: { drill: Drill; named: boolean }) {
  const { nowMs } = useLive();
  const { id, component, status, started_at, by, checks } = drill;
  const { pending, error, run } = useAction();
  const stop = () =>
    run(async () => {
      await send('DELETE', `/api/lab/drills/${encodeURIComponent(id)}`);
      return `The drill on ${component} was stopped.`;
    });
  return (
    <li className="border-t px-4 py-3" data-drill={status}>
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <strong className={TONES[status]}>{resultOf(drill)}</strong>
        {named ? (
          <Link href={pageOf(component)} className="font-mono underline underline-offset-4">
            {component}
          </Link>
        ) : null}
        <span className="min-w-0 flex-1 basis-52 text-muted">
          {whatItDoes(drill)}, <LocalTime iso={started_at} nowMs={nowMs} /> by {by}
        </span>
        {status === 'running' ? (
          <Button onClick={stop} disabled={pending} aria-label={`Stop the drill on ${component}`}>
            {pending ? 'Stopping…' : 'Stop'}
          </Button>
        ) : (
          <a
            href={`/api/lab/drills/${encodeURIComponent(id)}`}
            download={`drill-${id}.json`}
            className="text-muted underline underline-offset-4"
          >
            JSON
          </a>
        )}
      </div>
      <dl className="mt-1.5 grid grid-cols-2 gap-x-4 gap-y-1 sm:grid-cols-3">
        {figuresOf(drill).map(([name, value]) => (
          <div key={name}>
            <dt className="text-faint">{name}</dt>
            <dd className="font-semibold whitespace-nowrap">{value}</dd>
          </div>
        ))}
      </dl>
      {status === 'running' ? (
        <div
          role="progressbar"
          aria-label={`Fault of the drill on ${component}`}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(faultProgress(drill, nowMs) * 100)}
          className="mt-2 h-1 rounded bg-raised"
        >
          <div
            className="h-1 rounded bg-half-open"
            style={{ width: `${faultProgress(drill, nowMs) * 100}%` }}
          />
        </div>
      ) : (
        <ul className="mt-1.5">
          {checks.map(({ name, passed, measured, wanted }) => (
            <li key={name} className="break-words">
              <span className={passed ? 'text-closed' : 'text-open'}>{passed ? '✓ ' : '✗ '}</span>
              {name}: <span className="text-muted">{measured}</span>{' '}
              <span className="text-faint">(wanted: {wanted})</span>
            </li>
          ))}
        </ul>
      )}
      <ActionError error={error} />
    </li>
  );
}
