import { RequestsPage } from '#components/requests/requests-page.tsx';

export const metadata = { title: 'Requests' };

export default function Page() {
  return <RequestsPage />;
}
