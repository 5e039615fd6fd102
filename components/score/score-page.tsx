'use client';

import Link from 'next/link';
import { useLive } from '#components/live/live-context.ts';
import { PolledState } from '#components/live/polled-state.tsx';
import { usePolled } from '#components/live/use-polled.ts';
import { ActionError } from '#components/ui/action-error.tsx';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { Field, Input } from '#components/ui/field.tsx';
import { formatCount, formatDuration, formatMs } from '#components/ui/format.ts';
import { ReasonField, reasonIn } from '#components/ui/reason-field.tsx';
import { useAction } from '#components/ui/use-action.ts';
import { type LoadTest, type Score, type ScoreCheck, scoreSchema } from '#lib/contracts/score.ts';

const STATUS = {
  passed: ['✓ passed', 'text-closed'],
  partly: ['◐ partly', 'text-half-open'],
  failed: ['✕ failed', 'text-open'],
  not_measured: ['○ not measured', 'text-muted'],
  expired: ['○ expired', 'text-muted'],
} as const;

/** How good this set-up is, from what was measured; what was not gives no points. */
export function ScorePage({ initial }: { initial: Score | undefined }) {
  const asked = usePolled('/api/score', scoreSchema, initial);
  return (
    <div className="mx-auto flex max-w-[1400px] flex-col gap-2.5">
      <h1 className="sr-only">Score</h1>
      <PolledState asked={asked} what="The score" />
      {asked.state === 'ready' ? <Ready score={asked.data} reload={asked.reload} /> : null}
    </div>
  );
}

function Ready({ score, reload }: { score: Score; reload: () => Promise<unknown> }) {
  const open = score.checks.filter(({ status }) => status === 'not_measured' || status === 'expired').length;
  const failed = score.checks.filter(({ status }) => status === 'failed').length;
  return (
    <>
      <div className="flex flex-wrap items-baseline gap-x-3 rounded-card border bg-card px-4 py-3">
        <p className="text-[32px] leading-10 font-semibold">
          {score.score}
          <span className="ml-1 text-[13px] font-normal text-muted">of 100 points</span>
        </p>
        <p className="text-muted">
          From live evidence alone, not older than a day.{' '}
          {failed > 0 ? `${failed} ${failed === 1 ? 'check fails' : 'checks fail'}. ` : ''}
          {open > 0 ? `${open} not measured yet.` : ''}
        </p>
      </div>
      <LoadTestCard test={score.load_test} reload={reload} />
      <Card title="Checks" note="each with what was seen and when">
        <ul className="border-t">
          {score.checks.map((check) => (
            <Check key={check.id} check={check} />
          ))}
        </ul>
      </Card>
    </>
  );
}

function Check({ check }: { check: ScoreCheck }) {
  const { nowMs } = useLive();
  const [word, color] = STATUS[check.status];
  const age = check.measured_at === null ? null : Math.max(0, nowMs - Date.parse(check.measured_at));
  return (
    <li className="grid gap-x-4 border-b px-4 py-2.5 last:border-b-0 sm:grid-cols-[1fr_auto]">
      <div className="min-w-0">
        <p className="font-medium">
          <Link href={check.page} prefetch={false} className="underline-offset-2 hover:underline">
            {check.title}
          </Link>{' '}
          <span className={`font-normal ${color}`}>{word}</span>
        </p>
        <p>{check.evidence}</p>
        <p className="text-faint">
          Wanted: {check.goal}.
          {age === null ? '' : age < 5_000 ? ' Measured just now.' : ` Measured ${formatDuration(age)} ago.`}
        </p>
      </div>
      <p className="text-[20px] font-semibold whitespace-nowrap sm:text-right">
        {check.points}
        <span className="text-[13px] font-normal text-muted"> of {check.of}</span>
      </p>
    </li>
  );
}

function LoadTestCard({ test, reload }: { test: LoadTest; reload: () => Promise<unknown> }) {
  const start = async (form: FormData) => {
    await send('POST', '/api/score/load-test', { round_s: Number(form.get('round_s')), ...reasonIn(form) });
    await reload();
    return 'The load test runs.';
  };
  const { figures } = test;
  return (
    <Card
      title="Load test"
      note="hits beside bare node:http with the same bytes, turn by turn, in a process of its own"
      aside={
        <span className="ml-auto">
          {test.state === 'running' ? (
            <StopButton reload={reload} />
          ) : (
            <ConfirmDialog
              trigger={<Button>Run it</Button>}
              title="Run the load test?"
              effect="For half a minute or so it sends as many requests as this server answers: cached chats, and embeddings to the first upstream. Other callers will be slower meanwhile."
              verb="Run it"
              kind="primary"
              act={start}
            >
              <Field label="Seconds of each round">
                <Input name="round_s" type="number" required min={1} max={10} step={1} defaultValue={2} />
              </Field>
              <ReasonField />
            </ConfirmDialog>
          )}
        </span>
      }
    >
      <div className="border-t px-4 py-2.5">
        {test.state === 'running' ? (
          <>
            <p role="status">{test.step} …</p>
            <progress className="mt-1 w-full" max={1} value={test.progress} aria-label="Progress" />
          </>
        ) : null}
        {test.state === 'failed' ? <p className="text-open">It failed: {test.message}</p> : null}
        {test.state === 'stopped' ? <p className="text-muted">It was stopped.</p> : null}
        {test.state === 'idle' ? <p className="text-muted">It was not run yet.</p> : null}
        {figures === null || test.state !== 'finished' ? null : (
          <p>
            {formatCount(Math.round(figures.hits_per_s))} hits/s, p50 {formatMs(figures.hit_p50_ms)}, p99{' '}
            {formatMs(figures.hit_p99_ms)}, against {formatCount(Math.round(figures.bare_per_s))}/s of bare
            node:http: {figures.hits_over_bare.toFixed(2)} of it.
          </p>
        )}
      </div>
    </Card>
  );
}

function StopButton({ reload }: { reload: () => Promise<unknown> }) {
  const { pending, error, run } = useAction();
  const stop = () =>
    run(async () => {
      await send('DELETE', '/api/score/load-test');
      await reload();
      return 'The load test was stopped.';
    });
  return (
    <>
      <Button onClick={stop} disabled={pending}>
        {pending ? 'Stopping…' : 'Stop'}
      </Button>
      <ActionError error={error} />
    </>
  );
}
