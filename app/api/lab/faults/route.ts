import * as faults from '#lib/control/faults.ts';
import { defineRoute } from '#lib/control/route.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({ GET: faults.list, POST: faults.inject });
