import * as drills from '#lib/control/drills.ts';
import { defineRoute } from '#lib/control/route.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({ GET: drills.list, POST: drills.start });
