import type { Metadata } from 'next';
import { TourPage } from '#components/tour/tour-page.tsx';

export const metadata: Metadata = { title: 'Guided demo · Switchgear' };

export default function Page() {
  return <TourPage />;
}
