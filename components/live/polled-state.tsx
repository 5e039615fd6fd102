import type { Polled } from '#components/live/use-polled.ts';
import { Skeleton, StateNote } from '#components/ui/state-notes.tsx';

/** What is to say of something that is polled, beside its data: that it comes, that it cannot be had, that it is old. */
export function PolledState({ asked, what }: { asked: Polled<unknown>; what: string }) {
  if (asked.state === 'loading') return <Skeleton className="h-24" />;
  if (asked.state === 'error') {
    return (
      <StateNote kind="error" title={`${what} could not be read`}>
        {asked.message}
      </StateNote>
    );
  }
  if (asked.failure === null) return null;
  return (
    <p role="alert" className="rounded-card border border-open bg-card px-4 py-2 text-open">
      Not up to date: {asked.failure}
    </p>
  );
}
