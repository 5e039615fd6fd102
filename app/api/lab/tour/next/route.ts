import { defineRoute } from '#lib/control/route.ts';
import * as tour from '#lib/control/tour.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({ POST: tour.next });
