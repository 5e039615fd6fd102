'use client';

import Link from 'next/link';
import { pageOf } from '#components/breakers/paths.ts';
import { describeEvent, type EventTone } from '#components/events/describe.ts';
import { foldProbes } from '#components/events/fold.ts';
import { useLive } from '#components/live/live-context.ts';
import type { EventsState } from '#components/live/use-events.ts';
import { useUrlState } from '#components/live/use-url-state.ts';
import { Card } from '#components/ui/card.tsx';
import { LocalTime } from '#components/ui/local-time.tsx';
import { Skeleton, StateNote } from '#components/ui/state-notes.tsx';
import type { LoggedEvent } from '#lib/contracts/events.ts';

const TONES: Record<EventTone, string> = {
  plain: 'text-text',
  good: 'text-closed',
  warning: 'text-half-open',
  bad: 'text-open',
  held: 'text-held',
};
const SHOWN = 60;

/** What happened, newest first. An operator's act on a breaker is told once, by what it did to the breaker. */
export function EventFeed({
  only,
  className = '',
}: {
  only?: (event: LoggedEvent) => boolean;
  className?: string;
}) {
  const { events, eventsState, heldBack, nowMs, snapshot } = useLive();
  const [component, setComponent] = useUrlState('component');
  const told = events.filter((event) => !isDoubled(event) && (only?.(event) ?? true));
  const components = [
    ...new Set(told.map((event) => event.component).filter((name) => name !== undefined)),
  ].sort();
  const breakers = new Set(snapshot.components.map(({ name }) => name));
  // One that the stream does not show is known by its name: an upstream's has no dots.
  const isPart = snapshot.totals.components > breakers.size;
  const shown = foldProbes(told.filter((event) => component === null || event.component === component))
    .slice(-SHOWN)
    .reverse();
  return (
    <Card
      title="Events"
      {...(heldBack > 0 ? { note: `${heldBack} more since the pause` } : {})}
      className={`flex min-h-0 flex-col ${className}`}
      aside={
        <select
          aria-label="Only events of"
          value={component ?? ''}
          onChange={(event) => setComponent(event.target.value)}
          className="ml-auto h-7 max-w-28 min-w-0 rounded-md border bg-card px-1"
        >
          <option value="">all</option>
          {components.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
          {component !== null && !components.includes(component) ? (
            <option value={component}>{component}</option>
          ) : null}
        </select>
      }
    >
      {shown.length === 0 ? (
        <Nothing state={eventsState} component={component} />
      ) : (
        <ol
          className="min-h-0 flex-1 overflow-y-auto px-4 pb-3"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
          tabIndex={0}
          aria-label="Events, newest first"
        >
          {shown.map(({ event, times }) => (
            <Line
              key={event.seq}
              event={event}
              times={times}
              nowMs={nowMs}
              isOfBreaker={
                breakers.has(event.component ?? '') || (isPart && /[./]/.test(event.component ?? ''))
              }
            />
          ))}
        </ol>
      )}
    </Card>
  );
}

function Nothing({ state, component }: { state: EventsState; component: string | null }) {
  switch (state) {
    case 'loading':
      return <Skeleton className="mx-4 mb-4 h-24" />;
    case 'error':
      return <StateNote kind="error" title="The events could not be read; trying again" />;
    case 'ready':
      return (
        <StateNote
          kind="empty"
          title={component === null ? 'Nothing has happened yet' : `Nothing of ${component}`}
        />
      );
    default:
      return state satisfies never;
  }
}

function Line({
  event,
  times,
  nowMs,
  isOfBreaker,
}: {
  event: LoggedEvent;
  times: number;
  nowMs: number;
  /** Its component has a page. */
  isOfBreaker: boolean;
}) {
  const { title, text, tone } = describeEvent(event);
  return (
    <li className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-2.5 border-b py-2 last:border-b-0">
      <LocalTime iso={event.at} nowMs={nowMs} className="min-w-13 text-faint" />
      <div className="min-w-0">
        <p className={`font-medium break-words ${TONES[tone]}`}>
          {isOfBreaker && event.component !== undefined ? (
            <Link href={pageOf(event.component)} prefetch={false} className="hover:underline">
              {title}
            </Link>
          ) : (
            title
          )}
        </p>
        {text === '' ? null : (
          <p className="text-[12px] leading-4.5 break-words text-muted">
            {text}
            {times > 1 ? `, round ${times}` : ''}
          </p>
        )}
      </div>
    </li>
  );
}

function isDoubled({ type }: LoggedEvent): boolean {
  return /^operator_(trip|hold|lift|reset|probe|trigger_failure)$/.test(type);
}
