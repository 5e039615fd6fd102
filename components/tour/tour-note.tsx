'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useLive } from '#components/live/live-context.ts';
import { ActionError } from '#components/ui/action-error.tsx';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { useAction } from '#components/ui/use-action.ts';

/** The guided demo's step on every other page, with the way on and the way back; nothing while none runs. */
export function TourNote() {
  const { tour } = useLive().snapshot;
  const pathname = usePathname();
  const { pending, error, run } = useAction();
  if (tour === null) return null;
  const isLast = tour.step === tour.steps;
  const next = () =>
    run(async () => {
      await send('POST', '/api/lab/tour/next');
      return isLast ? 'The guided demo is over.' : 'The next step of the guided demo.';
    });
  return (
    <section aria-label="Guided demo" className="mx-2 rounded-card border bg-card p-3 max-lg:hidden">
      <p className="text-faint">
        Guided demo, {tour.step} of {tour.steps}
      </p>
      <p className="font-medium">{tour.title}</p>
      <div className="mt-2 flex flex-col items-start gap-2">
        <Link href="/lab/tour" className="text-accent underline underline-offset-2">
          Open the demo
        </Link>
        {pathname === tour.page ? null : (
          <Link href={tour.page} className="text-accent underline underline-offset-2">
            Look closer: {tour.page_name}
          </Link>
        )}
        <Button onClick={next} disabled={pending}>
          {isLast ? 'Finish' : 'Next step'}
        </Button>
      </div>
      <ActionError error={error} />
    </section>
  );
}
