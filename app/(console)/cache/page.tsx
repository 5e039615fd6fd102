import { CachePage } from '#components/cache/cache-page.tsx';

export const metadata = { title: 'Cache' };

export default function Page() {
  return <CachePage />;
}
