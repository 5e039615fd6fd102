'use client';

import { useRouter } from 'next/navigation';
import { useEffect, useState } from 'react';
import { useLive } from '#components/live/live-context.ts';
import { PAGES } from '#components/shell/pages.ts';
import { useKiosk } from '#components/shell/use-kiosk.ts';
import { Dialog } from '#components/ui/dialog.tsx';

/** How long after `g` a page's own key is waited for. */
const SEQUENCE_MS = 1_000;

const TAKES_SPACE = 'button, a, summary, [role="tab"], [role="switch"]';

const LISTED: readonly (readonly [string, string])[] = [
  ['Space', 'Pause everything, or go on'],
  ...PAGES.map(({ key, name }) => [`g ${key}`, name] as const),
  ['⌘ K, Ctrl K', 'Command in plain words'],
  ['k', 'Kiosk: the page alone, for a wall; once more to leave'],
  ['?', 'This list'],
  ['Esc', 'Close what is open'],
];

/** Keys for the whole console; none of them while somebody types or has a dialog open. */
export function Shortcuts() {
  const router = useRouter();
  const { togglePause } = useLive();
  const [kiosk, setKiosk] = useKiosk();
  const [open, setOpen] = useState(false);
  useEffect(() => {
    let goUntilMs = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isBusy(event.target)) return;
      if (event.key === ' ') {
        // On a button or a link the space bar is theirs.
        if (event.target instanceof HTMLElement && event.target.closest(TAKES_SPACE) !== null) return;
        event.preventDefault();
        togglePause();
      } else if (event.key === '?') setOpen(true);
      else if (event.key === 'k') setKiosk(!kiosk);
      else if (event.key === 'g') goUntilMs = event.timeStamp + SEQUENCE_MS;
      else if (event.timeStamp < goUntilMs) {
        const page = PAGES.find(({ key }) => key === event.key);
        if (page !== undefined) router.push(page.href);
        goUntilMs = 0;
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [router, togglePause, kiosk, setKiosk]);
  return (
    <Dialog open={open} onOpenChange={setOpen} title="Keyboard">
      <dl className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2">
        {LISTED.map(([keys, does]) => (
          <div key={keys} className="contents">
            <dt>
              <kbd className="rounded border bg-raised px-1.5 py-0.5 font-mono text-[12px]">{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function isBusy(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.closest('input, textarea, select') !== null ||
    // A dialog may be open without the focus being in it.
    document.querySelector('[role="dialog"]') !== null
  );
}
