'use client';

import Link from 'next/link';
import { BreakerCharts } from '#components/breakers/breaker-charts.tsx';
import { pageOf } from '#components/breakers/paths.ts';
import { SettingsCard } from '#components/breakers/settings-card.tsx';
import { StateCard } from '#components/breakers/state-card.tsx';
import { Transitions } from '#components/breakers/transitions.tsx';
import { WindowCard } from '#components/breakers/window-card.tsx';
import { DrillCard } from '#components/drills/drill-card.tsx';
import { useLive } from '#components/live/live-context.ts';
import { RangeSelect } from '#components/live/range-select.tsx';
import { useLookAt } from '#components/live/use-look-at.ts';
import { Card } from '#components/ui/card.tsx';
import { StateNote } from '#components/ui/state-notes.tsx';
import type { Component } from '#lib/contracts/snapshot.ts';

/** One breaker: why it is as it is, how near to its thresholds, what it went through, and what if. */
export function BreakerPage({ name, initial }: { name: string; initial: Component | null }) {
  const { snapshot } = useLive();
  useLookAt(name);
  const isPart = snapshot.totals.components > snapshot.components.length;
  // Of many, the stream shows this one from the next second on.
  const component =
    snapshot.components.find((each) => each.name === name) ?? (isPart ? initial : null) ?? undefined;
  if (component === undefined)
    return <Unknown name={name} known={snapshot.components.map((each) => each.name)} />;
  const drillable = component.upstream !== null && component.operation !== 'admin';
  return (
    <div className="mx-auto flex max-w-[1800px] flex-col gap-2.5">
      <h1 className="sr-only">Breaker {name}</h1>
      <nav aria-label="Breadcrumb" className="flex items-center gap-2 text-muted">
        <Link href="/breakers" className="underline underline-offset-4">
          Breakers
        </Link>
        <span aria-hidden>/</span>
        <span className="min-w-0 font-mono break-all">{name}</span>
        <RangeSelect className="ml-auto sm:hidden" />
      </nav>
      <StateCard component={component} />
      <WindowCard component={component} />
      <BreakerCharts
        component={name}
        upstream={component.upstream}
        thresholdPercent={component.settings.failure_rate_percent}
      />
      <div className="grid gap-2.5 xl:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-2.5">
          <Card title="Transitions" note="newest first, each with its evidence">
            <div className="px-4 pb-4">
              <Transitions
                component={name}
                lastAt={component.last_transition?.at ?? null}
                outageAt={component.opening?.at ?? null}
              />
            </div>
          </Card>
          <DrillCard component={name} drillable={drillable} />
        </div>
        <SettingsCard key={name} component={component} />
      </div>
    </div>
  );
}

function Unknown({ name, known }: { name: string; known: readonly string[] }) {
  return (
    <Card title="No such breaker">
      <div className="border-t pb-2">
        <StateNote kind="empty" title={`There is no component ${name}`}>
          <ul className="flex flex-wrap justify-center gap-x-3 gap-y-1">
            {known.map((each) => (
              <li key={each}>
                <Link href={pageOf(each)} className="font-mono underline underline-offset-4">
                  {each}
                </Link>
              </li>
            ))}
          </ul>
        </StateNote>
      </div>
    </Card>
  );
}
