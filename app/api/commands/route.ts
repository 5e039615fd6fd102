import * as commands from '#lib/control/commands.ts';
import { defineRoute } from '#lib/control/route.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({ POST: commands.run });
