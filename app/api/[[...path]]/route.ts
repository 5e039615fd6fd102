/** Every other path below /api: the envelope, where Next would show its page. */
import { defineRoute } from '#lib/control/route.ts';

export const { GET, POST, PUT, PATCH, DELETE } = defineRoute({});
