/** The event log. */
import { type EventList, eventQuerySchema } from '#lib/contracts/events.ts';
import type { Call } from '#lib/control/route.ts';

export const list = (call: Call): EventList => call.runtime.events.query(call.search(eventQuerySchema));
