/** Faults on order: injected, listed and removed. */
import { type Fault, faultRequestSchema } from '#lib/contracts/faults.ts';
import { type Call, json } from '#lib/control/route.ts';

export const list = ({ runtime }: Call): { faults: Fault[] } => ({ faults: runtime.faults.list() });

export async function inject(call: Call): Promise<Response> {
  const request = await call.body(faultRequestSchema);
  return json(201, call.runtime.faults.inject(request, call.by));
}

export function remove(call: Call): Fault {
  return call.runtime.faults.remove(call.params.id ?? '', call.by);
}
