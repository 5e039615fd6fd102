import type { Metadata } from 'next';
import { AllocationPage } from '#components/allocation/allocation-page.tsx';

export const metadata: Metadata = { title: 'Allocation' };

export default function Page() {
  return <AllocationPage />;
}
