import { defineRoute } from '#lib/control/route.ts';
import * as telemetry from '#lib/control/telemetry.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({ GET: telemetry.history });
