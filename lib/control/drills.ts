/** Failure drills on order. */
import { type Drill, drillQuerySchema, drillRequestSchema } from '#lib/contracts/drills.ts';
import { type Call, json } from '#lib/control/route.ts';
import { drillsAsCsv } from '#lib/lab/drills/csv.ts';

export function list(call: Call): Response {
  const { format } = call.search(drillQuerySchema);
  const drills = call.runtime.drills.list();
  if (format === 'json') return json(200, { drills });
  const headers = {
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': 'attachment; filename="drills.csv"',
    'cache-control': 'no-store',
  };
  return new Response(drillsAsCsv(drills), { headers });
}

export const show = (call: Call): Drill => call.runtime.drills.get(call.params.id ?? '');

export async function start(call: Call): Promise<Response> {
  const request = await call.body(drillRequestSchema);
  return json(201, await call.runtime.drills.start(request, call.by));
}

export function stop(call: Call): Drill {
  const drill = call.runtime.drills.stop(call.params.id ?? '');
  call.runtime.audit({
    action: 'operator_stop_drill',
    component: drill.component,
    by: call.by,
    after: { id: drill.id },
  });
  return drill;
}
