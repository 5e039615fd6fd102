import * as breakers from '#lib/control/breakers.ts';
import { defineRoute } from '#lib/control/route.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({
  PATCH: breakers.updateSettings,
  DELETE: breakers.restoreSettings,
});
