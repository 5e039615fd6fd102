import * as openapi from '#lib/control/openapi.ts';
import { defineRoute } from '#lib/control/route.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({ GET: openapi.document });
