'use client';

import { useRouter } from 'next/navigation';
import { Dialog } from 'radix-ui';
import { useEffect, useState } from 'react';
import { useLive } from '#components/live/live-context.ts';
import { PAGES } from '#components/shell/pages.ts';
import { Button } from '#components/ui/button.tsx';

/** How long after `g` a page's own key is waited for. */
const SEQUENCE_MS = 1_000;

const LISTED: readonly (readonly [string, string])[] = [
  ['Space', 'Pause everything, or go on'],
  ...PAGES.map(({ key, name }) => [`g ${key}`, name] as const),
  ['?', 'This list'],
  ['Esc', 'Close what is open'],
];

/** Keys for the whole console; none of them while somebody types or has a dialog open. */
export function Shortcuts() {
  const router = useRouter();
  const { togglePause } = useLive();
  const [open, setOpen] = useState(false);
  useEffect(() => {
    let goUntilMs = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isBusy(event.target)) return;
      if (event.key === ' ') {
        // On a button or a link the space bar is theirs.
        if (event.target instanceof HTMLElement && event.target.closest('button, a, summary') !== null)
          return;
        event.preventDefault();
        togglePause();
      } else if (event.key === '?') setOpen(true);
      else if (event.key === 'g') goUntilMs = event.timeStamp + SEQUENCE_MS;
      else if (event.timeStamp < goUntilMs) {
        const page = PAGES.find(({ key }) => key === event.key);
        if (page !== undefined) router.push(page.href);
        goUntilMs = 0;
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [router, togglePause]);
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-black/50" />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed top-1/2 left-1/2 z-50 w-[calc(100vw-2rem)] max-w-sm -translate-x-1/2 -translate-y-1/2 rounded-card border bg-card p-5"
        >
          <Dialog.Title className="text-[16px] font-semibold">Keyboard</Dialog.Title>
          <dl className="my-3 grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2">
            {LISTED.map(([keys, does]) => (
              <div key={keys} className="contents">
                <dt>
                  <kbd className="rounded border bg-raised px-1.5 py-0.5 font-mono text-[12px]">{keys}</kbd>
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
          <div className="flex justify-end">
            <Dialog.Close asChild>
              <Button>Close</Button>
            </Dialog.Close>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function isBusy(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest('input, textarea, select, [role="dialog"]') !== null;
}
