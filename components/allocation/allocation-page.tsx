'use client';

import { ForecastCard } from '#components/allocation/forecast-card.tsx';
import { FrontierCard } from '#components/allocation/frontier-card.tsx';
import { ModeDialog } from '#components/allocation/mode-dialog.tsx';
import { TargetsCard } from '#components/allocation/targets-card.tsx';
import { AllocationTiles } from '#components/allocation/tiles.tsx';
import { WarmthCard } from '#components/allocation/warmth-card.tsx';
import { WhatIfCard } from '#components/allocation/what-if-card.tsx';
import { headline } from '#components/allocation/words.ts';
import { PolledState } from '#components/live/polled-state.tsx';
import { usePolled } from '#components/live/use-polled.ts';
import { type Predictions, predictionsSchema } from '#lib/contracts/predictions.ts';

/** What is coming, what is done about it, and whether it was right. */
export function AllocationPage() {
  const asked = usePolled('/api/predictions', predictionsSchema);
  return (
    <div className="mx-auto flex max-w-[1800px] flex-col gap-2.5">
      <h1 className="sr-only">Allocation</h1>
      <PolledState asked={asked} what="The forecasts" />
      {asked.state === 'ready' ? <Ready view={asked.data} reload={asked.reload} /> : null}
    </div>
  );
}

function Ready({ view, reload }: { view: Predictions; reload: () => Promise<unknown> }) {
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <p className="text-[15px] font-semibold">{headline(view)}</p>
        <span className="ml-auto">
          <ModeDialog view={view} onChanged={reload} />
        </span>
      </div>
      <AllocationTiles view={view} />
      <ForecastCard view={view} />
      <TargetsCard view={view} />
      <div className="grid gap-2.5 lg:grid-cols-2">
        <FrontierCard view={view} onChanged={reload} />
        <WhatIfCard view={view} />
      </div>
      <WarmthCard warmth={view.warmth} />
    </>
  );
}
