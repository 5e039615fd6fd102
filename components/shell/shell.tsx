'use client';

import type { ReactNode } from 'react';
import { LiveProvider } from '#components/live/live-provider.tsx';
import { Navigation } from '#components/shell/navigation.tsx';
import { Shortcuts } from '#components/shell/shortcuts.tsx';
import { TopBar } from '#components/shell/top-bar.tsx';
import { Announcer } from '#components/ui/announcer.tsx';
import type { Snapshot } from '#lib/contracts/snapshot.ts';

/** What stands around every page: the sentence, the pages, the one stream that feeds them. */
export function Shell({ initial, children }: { initial: Snapshot; children: ReactNode }) {
  return (
    <LiveProvider initial={initial}>
      <Announcer>
        <a
          href="#main"
          className="fixed top-2 left-2 z-50 -translate-y-20 rounded-md border bg-card px-3 py-2 focus:translate-y-0"
        >
          Skip to the page
        </a>
        <TopBar />
        <div className="flex min-h-[calc(100dvh-3.25rem)]">
          <Navigation />
          <main id="main" className="min-w-0 flex-1 p-3 max-lg:pb-20 sm:p-4">
            {children}
          </main>
        </div>
        <Shortcuts />
      </Announcer>
    </LiveProvider>
  );
}
