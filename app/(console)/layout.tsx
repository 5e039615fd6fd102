import { type ReactNode, Suspense } from 'react';
import { Shell } from '#components/shell/shell.tsx';
import { getRuntime } from '#lib/runtime-handle.ts';

/** What it shows is the runtime's state at each request, never that of the build. */
export const dynamic = 'force-dynamic';

export default function ConsoleLayout({ children }: { children: ReactNode }) {
  const runtime = getRuntime();
  if (runtime === null) throw new Error('Switchgear is starting');
  return (
    <Suspense>
      <Shell initial={runtime.snapshot()} mayLogOut={runtime.access.tokenRequired}>
        {children}
      </Shell>
    </Suspense>
  );
}
