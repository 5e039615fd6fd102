import { defineRoute } from '#lib/control/route.ts';
import * as workload from '#lib/control/workload.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({
  GET: workload.show,
  POST: workload.start,
  DELETE: workload.stop,
});
