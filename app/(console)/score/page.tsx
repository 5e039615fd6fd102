import { ScorePage } from '#components/score/score-page.tsx';

export const metadata = { title: 'Score' };

export default function Page() {
  return <ScorePage />;
}
