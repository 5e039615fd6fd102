import * as batching from '#lib/control/batching.ts';
import { defineRoute } from '#lib/control/route.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({ GET: batching.comprehensive });
