import { FlaskConical } from 'lucide-react';
import { Card } from '#components/ui/card.tsx';
import type { UpstreamView } from '#lib/contracts/upstreams.ts';

export function UpstreamCard({ upstreams }: { upstreams: readonly UpstreamView[] }) {
  return (
    <Card title="Upstreams" note="tried in this order">
      {upstreams.length === 0 ? (
        <p className="px-4 pb-4 text-muted">None is configured. Add one to switchgear.yaml.</p>
      ) : (
        <ul>
          {upstreams.map((upstream) => (
            <Upstream key={upstream.name} upstream={upstream} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function Upstream({ upstream }: { upstream: UpstreamView }) {
  return (
    <li className="grid gap-x-6 gap-y-1 border-t px-4 py-2.5 sm:grid-cols-[minmax(0,1fr)_13rem]">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2">
          <span className="font-mono font-medium">{upstream.name}</span>
          <span className="text-muted">kind {upstream.kind}</span>
          {upstream.lab ? (
            <span className="inline-flex items-center gap-1 rounded-full border border-half-open px-2 text-half-open">
              <FlaskConical size={12} aria-hidden />
              stand-in, no AI model
            </span>
          ) : null}
        </p>
        <p className="break-all text-muted">
          <span className="font-mono text-[12px]">{upstream.url}</span> · models {upstream.models.join(', ')}
        </p>
      </div>
      <Load upstream={upstream} />
    </li>
  );
}

/** Calls in flight against the connections there are, and who waits. */
function Load({ upstream: { in_flight, connections, queued } }: { upstream: UpstreamView }) {
  const share = Math.min(1, in_flight / connections);
  return (
    <div>
      <p className="flex justify-between gap-4">
        <span>
          {in_flight} <span className="text-faint">of {connections} in flight</span>
        </span>
        <span className={queued > 0 ? 'text-half-open' : 'text-faint'}>{queued} queued</span>
      </p>
      <div className="mt-1 h-1 rounded bg-raised" aria-hidden>
        <div className="h-1 rounded bg-accent" style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  );
}
