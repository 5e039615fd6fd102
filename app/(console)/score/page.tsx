import type { Metadata } from 'next';
import { ScorePage } from '#components/score/score-page.tsx';
import { getRuntime } from '#lib/runtime-handle.ts';

export const metadata: Metadata = { title: 'Score · Switchgear' };

export default function Page() {
  return <ScorePage initial={getRuntime()?.score()} />;
}
