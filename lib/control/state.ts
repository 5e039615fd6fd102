/** How the server is: alive, ready, and what it serves from. */
import type { Liveness, Readiness } from '#lib/contracts/health.ts';
import type { UpstreamList } from '#lib/contracts/upstreams.ts';
import { type Call, json } from '#lib/control/route.ts';

export const live = ({ runtime }: Call): Liveness => ({ status: 'live', started_at: runtime.startedAt });

export function ready({ runtime }: Call): Response {
  const readiness: Readiness = runtime.readiness();
  return json(readiness.ready ? 200 : 503, readiness);
}

export const upstreams = ({ runtime }: Pick<Call, 'runtime'>): UpstreamList => ({
  address: runtime.address.url,
  notice: runtime.notice,
  upstreams: runtime.upstreams(),
});
