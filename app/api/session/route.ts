import { defineRoute } from '#lib/control/route.ts';
import * as session from '#lib/control/session.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({ POST: session.open, DELETE: session.close });
