import * as cache from '#lib/control/cache.ts';
import { defineRoute } from '#lib/control/route.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({ POST: cache.purge });
