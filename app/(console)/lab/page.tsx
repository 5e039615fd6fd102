import type { Metadata } from 'next';
import { LabPage } from '#components/lab/lab-page.tsx';
import { getRuntime } from '#lib/runtime-handle.ts';

export const metadata: Metadata = { title: 'Lab · Switchgear' };

export default function Page() {
  const runtime = getRuntime();
  return (
    <LabPage
      faultsAllowed={runtime?.config().lab.allow_faults ?? false}
      mayTour={runtime?.tour.refusal === null}
    />
  );
}
