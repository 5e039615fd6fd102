import type { Metadata } from 'next';
import { LabPage } from '#components/lab/lab-page.tsx';
import { getRuntime } from '#lib/runtime-handle.ts';

export const metadata: Metadata = { title: 'Lab · Switchgear' };

export default function Page() {
  return <LabPage faultsAllowed={getRuntime()?.config().lab.allow_faults ?? false} />;
}
