'use client';

import type { ReactNode } from 'react';
import { LiveProvider } from '#components/live/live-provider.tsx';
import { Navigation } from '#components/shell/navigation.tsx';
import { Shortcuts } from '#components/shell/shortcuts.tsx';
import { StateAnnouncer } from '#components/shell/state-announcer.tsx';
import { TopBar } from '#components/shell/top-bar.tsx';
import { useKiosk } from '#components/shell/use-kiosk.ts';
import { Announcer } from '#components/ui/announcer.tsx';
import { StaleBanner } from '#components/ui/stale-banner.tsx';
import type { Snapshot } from '#lib/contracts/snapshot.ts';

/** What stands around every page: the sentence, the pages, the one stream that feeds them. */
export function Shell({
  initial,
  mayLogOut,
  children,
}: {
  initial: Snapshot;
  /** Whether there is a session to end. */
  mayLogOut: boolean;
  children: ReactNode;
}) {
  const [kiosk] = useKiosk();
  return (
    <LiveProvider initial={initial}>
      <Announcer>
        <a
          href="#main"
          className="fixed top-2 left-2 z-50 -translate-y-20 rounded-md border bg-card px-3 py-2 focus:translate-y-0"
        >
          Skip to the page
        </a>
        <TopBar kiosk={kiosk} mayLogOut={mayLogOut} />
        <div className="flex min-h-[calc(100dvh-3.25rem-1px)]">
          {kiosk ? null : <Navigation />}
          <main
            id="main"
            tabIndex={-1}
            className="min-w-0 outline-none flex-1 p-3 max-lg:pb-20 sm:px-4 lg:pb-2"
          >
            {children}
          </main>
        </div>
        <StaleBanner />
        <StateAnnouncer />
        <Shortcuts />
      </Announcer>
    </LiveProvider>
  );
}
