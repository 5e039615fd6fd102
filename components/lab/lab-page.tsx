'use client';

import Link from 'next/link';
import { DrillCard } from '#components/drills/drill-card.tsx';
import { EventFeed } from '#components/events/event-feed.tsx';
import { ActiveFaults } from '#components/lab/active-faults.tsx';
import { AnswersChart, ComponentStates } from '#components/lab/effect.tsx';
import { FaultForm } from '#components/lab/fault-form.tsx';
import { WorkloadCard } from '#components/lab/workload-card.tsx';
import { WorkloadChart } from '#components/lab/workload-chart.tsx';
import { Card } from '#components/ui/card.tsx';
import type { LoggedEvent } from '#lib/contracts/events.ts';

/** Shows what happens when something fails: faults and traffic at the left, what comes of them at the right. */
export function LabPage({ faultsAllowed, mayTour }: { faultsAllowed: boolean; mayTour: boolean }) {
  return (
    <div className="mx-auto flex max-w-[1800px] flex-col gap-3">
      <h1 className="sr-only">Lab</h1>
      <div className="grid gap-3 xl:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
        <div className="flex min-w-0 flex-col gap-3">
          {mayTour ? <TourLink /> : null}
          <Card
            title="Faults"
            note={faultsAllowed ? 'on any upstream' : 'on labs; lab.allow_faults: true allows them on others'}
          >
            <FaultForm allowed={faultsAllowed} />
            <ActiveFaults />
          </Card>
          <WorkloadCard />
          <WorkloadChart />
          <DrillCard />
        </div>
        <div className="flex min-w-0 flex-col gap-3">
          <AnswersChart />
          <ComponentStates />
          <EventFeed only={isOfLab} className="max-h-96" />
        </div>
      </div>
    </div>
  );
}

function TourLink() {
  return (
    <p className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-card border bg-card px-4 py-2.5">
      <Link href="/lab/tour" className="font-medium text-accent underline underline-offset-2">
        Guided demo
      </Link>
      <span className="text-muted">three minutes, with Switchgear and without on the same requests</span>
    </p>
  );
}

function isOfLab({ type }: LoggedEvent): boolean {
  return /^(fault_|drill_|workload_|breaker_|lab_)/.test(type);
}
