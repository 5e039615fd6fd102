'use client';

import { WorkloadForm } from '#components/lab/workload-form.tsx';
import { answersOf, describeSettings, END_CAUSES } from '#components/lab/workload-words.ts';
import { useLive } from '#components/live/live-context.ts';
import { ActionError } from '#components/ui/action-error.tsx';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { formatCount, formatDuration, formatPerSecond } from '#components/ui/format.ts';
import { useAction } from '#components/ui/use-action.ts';
import type { Workload } from '#lib/contracts/workload.ts';

/** Seeded traffic over real HTTP through this gateway: started here, and watched while it runs. */
export function WorkloadCard() {
  const { workload } = useLive().snapshot;
  const running = workload.state === 'running';
  return (
    <Card title="Workload" note="seeded traffic over real HTTP through this gateway's own port">
      {workload.state === 'idle' ? null : <Progress workload={workload} />}
      {running ? null : <WorkloadForm />}
    </Card>
  );
}

function Progress({ workload }: { workload: Workload }) {
  const { nowMs } = useLive();
  const { settings, started_at, by, progress, target_rate_per_s, sent, in_flight, skipped, end_cause } =
    workload;
  const running = workload.state === 'running';
  return (
    <div className="border-t px-4 py-3" data-workload={workload.state}>
      <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1">
        <p className="min-w-0">
          <strong className={running ? 'text-closed' : 'text-muted'}>{running ? 'Running' : 'Ended'}</strong>
          <span className="ml-2 text-muted">{settings === null ? '' : describeSettings(settings)}</span>
        </p>
        {running ? <StopButton /> : null}
      </div>
      <p className="text-faint">
        {started_at === null
          ? ''
          : `${running ? 'for' : 'began'} ${formatDuration(nowMs - Date.parse(started_at))}${running ? '' : ' ago'}`}
        {by === null ? '' : `, started by ${by}`}
        {end_cause === null ? '' : `. ${END_CAUSES[end_cause]}`}
      </p>
      <dl className="mt-2 grid grid-cols-2 gap-x-4 gap-y-1 sm:grid-cols-4">
        {running ? <Figure name="Target now" value={`${formatPerSecond(target_rate_per_s)}/s`} /> : null}
        <Figure name="Sent" value={formatCount(sent)} />
        {running ? <Figure name="In flight" value={formatCount(in_flight)} /> : null}
        <Figure name="Skipped" value={formatCount(skipped)} />
      </dl>
      <p className="mt-1 min-h-5 text-muted">
        {answersOf(workload)
          .map(([status, count]) => `${formatCount(count)} × ${status}`)
          .join(' · ')}
        {skipped === 0 ? '' : ' · skipped: too many were in flight'}
      </p>
      {progress === null ? null : (
        <div
          role="progressbar"
          aria-label="Workload"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(progress * 100)}
          className="mt-1 h-1 rounded bg-raised"
        >
          <div className="h-1 rounded bg-accent" style={{ width: `${progress * 100}%` }} />
        </div>
      )}
    </div>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt className="text-faint">{name}</dt>
      <dd className="text-[16px] font-semibold">{value}</dd>
    </div>
  );
}

function StopButton() {
  const { pending, error, run } = useAction();
  const stop = () =>
    run(async () => {
      await send('DELETE', '/api/lab/workload');
      return 'The workload was stopped.';
    });
  return (
    <div>
      <Button onClick={stop} disabled={pending}>
        {pending ? 'Stopping…' : 'Stop workload'}
      </Button>
      <ActionError error={error} />
    </div>
  );
}
