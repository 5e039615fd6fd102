import * as predictions from '#lib/control/predictions.ts';
import { defineRoute } from '#lib/control/route.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({
  GET: predictions.show,
  PATCH: predictions.update,
});
