/** What Switchgear sets out to reach, and whether this run reached it. */
import type { Summary } from './summary.ts';
import type { TargetName } from './target.ts';

export interface Verdict {
  goal: string;
  /** Null when a target that the goal needs was not measured. */
  reached: boolean | null;
  measured: string;
}

const VS_PORTKEY = 6;
const VS_DIRECT = 0.3;
const ADDED_P50_MS = 0.5;

export function judge(summaries: readonly Summary[]): Verdict[] {
  const find = (name: TargetName) => summaries.find((summary) => summary.name === name);
  const own = find('switchgear');
  const added = own?.addedP50Ms?.median ?? null;
  const verdicts = [
    ratioVerdict(`at least ${VS_PORTKEY} × Portkey's requests/s`, VS_PORTKEY, own, find('portkey')),
    ratioVerdict(`at least ${VS_DIRECT} × direct's requests/s`, VS_DIRECT, own, find('direct')),
    {
      goal: `at most ${ADDED_P50_MS} ms added to the median at 200 requests/s`,
      reached: added === null ? null : added <= ADDED_P50_MS,
      measured: added === null ? 'not measured' : `${added.toFixed(2)} ms`,
    },
    {
      goal: 'every cancelled stream reaches the upstream',
      reached: own === undefined ? null : own.cancels.reached === own.cancels.streams,
      measured: own === undefined ? 'not measured' : `${own.cancels.reached}/${own.cancels.streams}`,
    },
  ];
  if (own === undefined || own.failed === 0) return verdicts;
  // Errors are often faster than answers: no speed is claimed beside them.
  return verdicts.map((verdict) => ({
    ...verdict,
    reached: verdict.reached === null ? null : false,
    measured: `${verdict.measured}, with ${own.failed} failed requests`,
  }));
}

function ratioVerdict(
  goal: string,
  least: number,
  own: Summary | undefined,
  other: Summary | undefined,
): Verdict {
  const [mine, theirs] = [own?.requestsPerSecond, other?.requestsPerSecond];
  if (mine == null || theirs == null || theirs.median === 0)
    return { goal, reached: null, measured: 'not measured' };
  const ratio = mine.median / theirs.median;
  return { goal, reached: ratio >= least, measured: `${ratio.toFixed(2)} ×` };
}
