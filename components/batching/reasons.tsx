import { Bars } from '#components/batching/bars.tsx';
import { Card } from '#components/ui/card.tsx';
import { StateNote } from '#components/ui/state-notes.tsx';
import { flushReasons, type UpstreamBatcherView } from '#lib/contracts/batching.ts';

const WORDS: Record<(typeof flushReasons)[number], [name: string, title: string]> = {
  size: ['full', 'It had as many items as are allowed'],
  tokens: ['full, by tokens', 'The next one would have made it too many tokens'],
  bytes: ['full, by bytes', 'The next one would have made it too many bytes'],
  deadline: ['waited long enough', 'Its oldest request had waited for max_wait_ms'],
  idle: ['nothing to wait for', 'The upstream was free, and no more were to be expected soon'],
  shutdown: ['shutting down', 'Nothing waits any more'],
  bisect: ['halves of a refused one', 'The upstream refused the whole, so each half was tried'],
};

/** Why batches left when they did. */
export function Reasons({ batcher }: { batcher: UpstreamBatcherView }) {
  const bars = flushReasons.map((reason) => {
    const [name, title] = WORDS[reason];
    return { name, title, count: batcher.flush_reasons[reason] ?? 0 };
  });
  return (
    <Card title="Why they left" note="batches, since the start">
      {batcher.total_batches === 0 ? (
        <div className="border-t">
          <StateNote kind="noTraffic" title="No batch has been sent yet" />
        </div>
      ) : (
        <Bars bars={bars} of={batcher.total_batches} />
      )}
    </Card>
  );
}
