'use client';

import { DrillForm } from '#components/drills/drill-form.tsx';
import { DrillResult } from '#components/drills/drill-result.tsx';
import { useDrills } from '#components/drills/use-drills.ts';
import { Card } from '#components/ui/card.tsx';
import { Skeleton, StateNote } from '#components/ui/state-notes.tsx';

const SHOWN = 5;

/** Drills of one component, and one more on order; of all components without a name. */
export function DrillCard({
  component = null,
  drillable = true,
}: {
  component?: string | null;
  drillable?: boolean;
}) {
  const { drills, state } = useDrills();
  const shown = drills.filter((drill) => component === null || drill.component === component).slice(0, SHOWN);
  const running = shown.some(({ status }) => status === 'running');
  return (
    <Card
      title="Drills"
      note={
        component === null
          ? 'each from its breaker’s page'
          : 'make it fail, and see that it opens, leaks nothing, recovers'
      }
      aside={
        <a
          href="/api/lab/drills?format=csv"
          download
          className="ml-auto text-muted underline underline-offset-4"
        >
          CSV
        </a>
      }
    >
      {component === null || !drillable || running ? null : <DrillForm component={component} />}
      {state === 'loading' ? <Skeleton className="mx-4 mb-4 h-16" /> : null}
      {state === 'error' ? <StateNote kind="error" title="The drills could not be read" /> : null}
      {state === 'ready' && shown.length === 0 ? (
        <div className="border-t">
          <StateNote
            kind="empty"
            title={drillable ? 'No drill yet' : 'There is no upstream behind it to make fail'}
          />
        </div>
      ) : null}
      <ol>
        {shown.map((drill) => (
          <DrillResult key={drill.id} drill={drill} named={component === null} />
        ))}
      </ol>
    </Card>
  );
}
