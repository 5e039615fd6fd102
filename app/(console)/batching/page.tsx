import { BatchingPage } from '#components/batching/batching-page.tsx';

export const metadata = { title: 'Batching' };

export default function Page() {
  return <BatchingPage />;
}
