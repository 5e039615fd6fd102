import { defineRoute } from '#lib/control/route.ts';
import * as score from '#lib/control/score.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({ GET: score.show });
