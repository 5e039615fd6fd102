import { FirstPage } from '#components/first-page/first-page.tsx';
import * as breakers from '#lib/control/breakers.ts';
import * as state from '#lib/control/state.ts';
import { getRuntime } from '#lib/runtime-handle.ts';

/** What it shows is the runtime's state at each request, never that of the build. */
export const dynamic = 'force-dynamic';

export default function Page() {
  const runtime = getRuntime();
  if (runtime === null) throw new Error('Switchgear is starting');
  return <FirstPage initial={{ ...state.upstreams({ runtime }), ...breakers.list({ runtime }) }} />;
}
