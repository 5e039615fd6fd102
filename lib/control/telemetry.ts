/** What is measured: time series, single requests, Prometheus. */
import { type History, historyQuerySchema } from '#lib/contracts/history.ts';
import { type RequestList, type RequestRecord, requestQuerySchema } from '#lib/contracts/requests.ts';
import type { Call } from '#lib/control/route.ts';

export const history = (call: Call): Promise<History> =>
  call.runtime.telemetry.history(call.search(historyQuerySchema));

export const requests = (call: Call): RequestList =>
  call.runtime.telemetry.requests.query(call.search(requestQuerySchema));

export const request = (call: Call): RequestRecord =>
  call.runtime.telemetry.requests.require(call.params.id ?? '');

export async function prometheus({ runtime }: Call): Promise<Response> {
  const { contentType } = runtime.prometheus;
  return new Response(await runtime.prometheus.text(), {
    headers: { 'content-type': contentType, 'cache-control': 'no-store' },
  });
}
