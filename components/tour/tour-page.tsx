'use client';

import { Check, Circle, CircleDot, CircleSlash } from 'lucide-react';
import Link from 'next/link';
import { PolledState } from '#components/live/polled-state.tsx';
import { usePolled } from '#components/live/use-polled.ts';
import { Diagram } from '#components/overview/diagram.tsx';
import { SideCard } from '#components/tour/side-card.tsx';
import { TourControls } from '#components/tour/tour-controls.tsx';
import { type Tour, type TourStep, tourSchema } from '#lib/contracts/tour.ts';

const LOOKS = {
  done: { Icon: Check, word: 'seen', tone: 'text-closed' },
  now: { Icon: CircleDot, word: 'now', tone: 'text-accent' },
  ahead: { Icon: Circle, word: 'ahead', tone: 'text-faint' },
  skipped: { Icon: CircleSlash, word: 'not seen', tone: 'text-half-open' },
} as const;

/** The demo that a person presents: what happens now, what clients see with and without, and the plant itself. */
export function TourPage({ initial }: { initial: Tour | undefined }) {
  const asked = usePolled('/api/lab/tour', tourSchema, initial);
  return (
    <div className="mx-auto flex max-w-[1500px] flex-col gap-2.5">
      <h1 className="sr-only">Guided demo</h1>
      <PolledState asked={asked} what="The guided demo" />
      {asked.state === 'ready' ? <Ready tour={asked.data} reload={asked.reload} /> : null}
      <Diagram />
    </div>
  );
}

function Ready({ tour, reload }: { tour: Tour; reload: () => Promise<unknown> }) {
  const at = tour.steps.findIndex(({ state }) => state === 'now');
  const step = tour.steps[at];
  const figures = step?.figures ?? tour.totals;
  const what = step === undefined ? 'over all steps' : 'since this step began';
  return (
    <>
      <section aria-label="Steps" className="rounded-card border bg-card">
        <ol className="flex flex-wrap gap-x-4 gap-y-1 px-4 py-2.5">
          {tour.steps.map((each, place) => (
            <StepMark key={each.id} step={each} place={place + 1} />
          ))}
        </ol>
        <div className="grid gap-x-8 gap-y-2 border-t px-4 py-3 lg:min-h-32 lg:grid-cols-2">
          <div>
            {step === undefined ? (
              <Between tour={tour} />
            ) : (
              <Told step={step} place={at + 1} of={tour.steps.length} />
            )}
          </div>
          <div className="flex flex-col gap-1 ">
            <TourControls tour={tour} reload={reload} />
            {step === undefined ? null : <Seen step={step} />}
          </div>
        </div>
      </section>
      {tour.started_at === null ? null : (
        <div className="grid gap-2.5 lg:grid-cols-2">
          <SideCard
            side="with"
            title="With Switchgear"
            figures={figures.with}
            what={what}
            points={tour.points}
          />
          <SideCard
            side="without"
            title="Without"
            figures={figures.without}
            what={what}
            points={tour.points}
          />
        </div>
      )}
      {tour.state === 'over' ? <Outcomes steps={tour.steps} /> : null}
    </>
  );
}

function StepMark({ step, place }: { step: TourStep; place: number }) {
  const { Icon, word, tone } = LOOKS[step.state];
  return (
    <li
      aria-current={step.state === 'now' ? 'step' : undefined}
      className={`flex items-center gap-1.5 whitespace-nowrap ${step.state === 'now' ? 'font-semibold text-text' : 'text-muted'}`}
    >
      <Icon size={14} aria-hidden className={tone} />
      {place}. {step.title}
      <span className="sr-only">, {word}</span>
    </li>
  );
}

function Told({ step, place, of: all }: { step: TourStep; place: number; of: number }) {
  return (
    <>
      <h2 className="text-[20px] leading-7 font-semibold">
        {step.title}
        <span className="ml-2 text-[13px] font-normal text-faint">
          step {place} of {all}
        </span>
      </h2>
      <p className="max-w-prose text-muted">{step.text}</p>
    </>
  );
}

function Seen({ step }: { step: TourStep }) {
  return (
    <>
      <p className="min-h-11 max-w-prose text-[15px] leading-5.5">
        {step.outcome ?? `Waiting for ${step.awaits} …`}
      </p>
      <Link href={step.page} className="self-start text-accent underline underline-offset-2">
        Look closer: {step.page_name}
      </Link>
    </>
  );
}

/** Before it begins, and after it has ended. */
function Between({ tour }: { tour: Tour }) {
  if (tour.refusal !== null && tour.state === 'idle') {
    return (
      <p className="text-muted">
        {tour.refusal}. Faults, drills and a workload are on the{' '}
        <Link href="/lab" className="underline underline-offset-2">
          Lab page
        </Link>
        .
      </p>
    );
  }
  if (tour.state === 'starting') return <p role="status">Starting the upstream of the other side …</p>;
  if (tour.state === 'over') {
    return (
      <>
        <h2 className="text-[20px] leading-7 font-semibold">
          {tour.message === null ? 'That was it' : 'It has ended early'}
        </h2>
        <p className="text-muted">
          {tour.message ?? 'Everything that was broken works again.'} The report has the figures of this run
          on one page.
        </p>
      </>
    );
  }
  return (
    <p className="max-w-prose text-muted">
      Three minutes, on real traffic: an upstream fails, its breaker opens, a standby and the cache serve, it
      recovers, the next minutes are forecast, a burst is batched. Beside it the same requests go to an
      upstream without Switchgear.
    </p>
  );
}

function Outcomes({ steps }: { steps: readonly TourStep[] }) {
  return (
    <section aria-labelledby="tour-outcomes" className="rounded-card border bg-card px-4 py-3">
      <h2 id="tour-outcomes" className="text-[14px] font-semibold">
        What was seen
      </h2>
      <dl className="mt-1 grid gap-x-4 gap-y-1 sm:grid-cols-[auto_1fr]">
        {steps.map(({ id, title, outcome, state }) => (
          <div key={id} className="contents">
            <dt className="font-medium">{title}</dt>
            <dd className="text-muted max-sm:mb-1">
              {outcome ?? (state === 'ahead' ? 'Not reached.' : 'Not seen in the time it had.')}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
