import type { Metadata } from 'next';
import { TourPage } from '#components/tour/tour-page.tsx';
import { getRuntime } from '#lib/runtime-handle.ts';

export const metadata: Metadata = { title: 'Guided demo · Switchgear' };

export default function Page() {
  return <TourPage initial={getRuntime()?.tour.view()} />;
}
