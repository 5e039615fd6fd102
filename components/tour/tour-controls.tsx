'use client';

import { ActionError } from '#components/ui/action-error.tsx';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { Switch } from '#components/ui/switch.tsx';
import { useAction } from '#components/ui/use-action.ts';
import type { Tour } from '#lib/contracts/tour.ts';

const TOUR = '/api/lab/tour';

/** Begin, go on, stop; and the report once there is something to report. */
export function TourControls({ tour, reload }: { tour: Tour; reload: () => Promise<unknown> }) {
  const { pending, error, run } = useAction();
  const act = (method: string, path: string, done: string, body?: object) => () =>
    run(async () => {
      await send(method, path, body);
      await reload();
      return done;
    });
  const isRunning = tour.state === 'running';
  const isLast = tour.steps.at(-1)?.state === 'now';
  const wasSeen = tour.steps.some(({ state, outcome }) => state === 'now' && outcome !== null);
  const mayStart = (tour.state === 'idle' || tour.state === 'over') && tour.refusal === null;
  const hasReport = tour.steps.some(({ ended_at }) => ended_at !== null);
  return (
    <div className="flex min-h-8 flex-wrap items-center gap-2 max-lg:order-last lg:justify-end">
      {hasReport ? (
        <a
          href={`${TOUR}/report`}
          target="_blank"
          rel="noreferrer"
          className="inline-flex h-8 items-center rounded-md border px-3 font-medium hover:bg-raised"
        >
          Report
        </a>
      ) : null}
      {isRunning ? (
        <>
          <Switch
            label="Goes on by itself"
            checked={tour.auto}
            onChange={(auto) =>
              void act('PATCH', TOUR, auto ? 'The demo goes on by itself.' : 'The demo waits for you.', {
                auto,
              })()
            }
          />
          <Button onClick={act('DELETE', TOUR, 'The demo has ended.')} disabled={pending}>
            Stop
          </Button>
          <Button
            kind={wasSeen ? 'primary' : 'plain'}
            onClick={act('POST', `${TOUR}/next`, isLast ? 'The demo is over.' : 'The next step.')}
            disabled={pending}
          >
            {isLast ? 'Finish' : wasSeen ? 'Next step' : 'Skip it'}
          </Button>
        </>
      ) : null}
      {mayStart ? (
        <Button
          kind="primary"
          onClick={act('POST', TOUR, 'The demo has begun.', { auto: true })}
          disabled={pending}
        >
          {pending ? 'Starting…' : tour.state === 'over' ? 'Begin again' : 'Begin'}
        </Button>
      ) : null}
      <ActionError error={error} />
    </div>
  );
}
