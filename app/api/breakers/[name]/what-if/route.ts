import * as breakers from '#lib/control/breakers.ts';
import { defineRoute } from '#lib/control/route.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({ POST: breakers.whatIf });
