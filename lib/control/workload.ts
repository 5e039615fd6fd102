/** The workload: seen, started and stopped. */
import { type Workload, workloadRequestSchema } from '#lib/contracts/workload.ts';
import { type Call, json } from '#lib/control/route.ts';

/** A CSV, as a JSON string, and what else belongs to it. */
const MAX_BODY_BYTES = 5 * 1024 * 1024;

export const show = ({ runtime }: Call): Workload => runtime.workload.status();

export async function start(call: Call): Promise<Response> {
  const request = await call.body(workloadRequestSchema, MAX_BODY_BYTES);
  return json(201, await call.runtime.workload.start(request, call.by));
}

export const stop = (call: Call): Workload => call.runtime.workload.stop(call.by);
