/** The guided demo: seen, begun, moved on and ended. */
import { type Tour, tourPatchSchema, tourRequestSchema } from '#lib/contracts/tour.ts';
import { type Call, json } from '#lib/control/route.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { reportOf } from '#lib/lab/tour/report.ts';

export const show = ({ runtime }: Call): Tour => runtime.tour.view();

export async function start(call: Call): Promise<Response> {
  const request = await call.body(tourRequestSchema);
  return json(201, await call.runtime.tour.start(request, call.by));
}

export async function update(call: Call): Promise<Tour> {
  const { auto } = await call.body(tourPatchSchema);
  return call.runtime.tour.setAuto(auto);
}

export const next = ({ runtime, by }: Call): Tour => runtime.tour.next(by);

export const stop = ({ runtime, by }: Call): Tour => runtime.tour.stop(by);

/** A page of its own, to print or to hand on. */
export function report({ runtime }: Call): Response {
  const tour = runtime.tour.view();
  if (tour.steps.every(({ ended_at }) => ended_at === null))
    throw new SwitchgearError('conflict', 'There is nothing to report yet; the first step is not over');
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  };
  return new Response(reportOf(tour, Date.now()), { headers });
}
