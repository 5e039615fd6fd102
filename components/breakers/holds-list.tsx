'use client';

import { apiOf } from '#components/breakers/paths.ts';
import { useLive } from '#components/live/live-context.ts';
import { ActionError } from '#components/ui/action-error.tsx';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { formatDuration } from '#components/ui/format.ts';
import { LocalTime } from '#components/ui/local-time.tsx';
import { useAction } from '#components/ui/use-action.ts';
import type { BreakerView } from '#lib/contracts/breakers.ts';

const MODES = { open: 'Held open', closed: 'Held closed', metrics_only: 'Metrics only' } as const;

/** The holds on a breaker, the one in force first, each to be lifted by itself. */
export function HoldsList({ component, holds }: { component: string; holds: BreakerView['holds'] }) {
  if (holds.length === 0) return null;
  return (
    <ol className="border-t" aria-label="Holds, the one in force first">
      {holds.map((hold, index) => (
        <Line key={hold.id} component={component} hold={hold} inForce={index === 0} />
      ))}
    </ol>
  );
}

function Line({
  component,
  hold: { id, mode, by, reason, since, expires_at },
  inForce,
}: {
  component: string;
  hold: BreakerView['holds'][number];
  inForce: boolean;
}) {
  const { nowMs } = useLive();
  const { pending, error, run } = useAction();
  const lift = () =>
    run(async () => {
      await send('DELETE', apiOf(component, 'hold'), { id });
      return `A hold on ${component} was lifted.`;
    });
  return (
    <li
      className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b px-4 py-2 last:border-b-0"
      data-hold={mode}
    >
      <span className={`font-medium ${inForce ? 'text-held' : 'text-muted'}`}>{MODES[mode]}</span>
      <span className="min-w-0 flex-1 basis-52 break-words text-muted">
        by {by}
        {reason === null ? '' : `: “${reason}”`}, since <LocalTime iso={since} nowMs={nowMs} />,{' '}
        {expires_at === null
          ? 'until it is lifted'
          : `${formatDuration(Date.parse(expires_at) - nowMs)} left`}
        {inForce ? '' : ', waits under the one above'}
      </span>
      <Button onClick={lift} disabled={pending} aria-label={`Lift the hold by ${by}`}>
        {pending ? 'Lifting…' : 'Lift'}
      </Button>
      <ActionError error={error} className="w-full" />
    </li>
  );
}
