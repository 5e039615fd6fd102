import { defineRoute } from '#lib/control/route.ts';
import * as state from '#lib/control/state.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({ GET: state.ready });
