/** Every endpoint of the control plane, as the OpenAPI document shows it. A test holds it against the routes. */
import { z } from 'zod';
import { drillQuerySchema } from '#lib/contracts/drills.ts';
import { eventQuerySchema } from '#lib/contracts/events.ts';
import { historyQuerySchema } from '#lib/contracts/history.ts';
import type { AnswerName, BodyName } from '#lib/contracts/named.ts';
import { seriesQuerySchema } from '#lib/contracts/predictions.ts';
import { requestQuerySchema } from '#lib/contracts/requests.ts';
import type { ErrorCode } from '#lib/errors.ts';

/** What is answered: JSON, server-sent events whose data is JSON of that name, or plain text. */
export type Answer = { readonly what: string } & (
  | { readonly json: AnswerName }
  | { readonly events: AnswerName }
  | { readonly text: string }
);

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Names in braces are parameters; their meanings are in `PARAMETERS`. */
  readonly path: string;
  /** Unique, a verb and its object. */
  readonly id: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: BodyName;
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Beyond those that every endpoint may answer. */
  readonly errors?: readonly ErrorCode[];
  /** Needs no token, even where one is configured. */
  readonly isPublic?: true;
}

export const TAGS = {
  Live: 'Everything that moves, once a second, and what it was before',
  Breakers: 'Circuit breakers: state, evidence, holds, settings',
  Cache: 'What is kept, what that saves, and purging',
  Batching: 'Calls that several requests share',
  Allocation: 'What is expected, and what is sized by it',
  Requests: 'What happened to single requests',
  Lab: 'Faults, drills and traffic on order',
  Test: 'Breakers under test, for scripts',
  System: 'Health, metrics, sessions, this document',
} as const;

export const PARAMETERS: Readonly<Record<string, string>> = {
  name: 'A component, `<upstream>.<operation>`, or the sandbox `test`',
  component: 'A component, `<upstream>.<operation>`, or the sandbox `test`',
  id: 'As it was given in the answer that named it',
};

/** May come from any endpoint that needs access. */
export const COMMON_ERRORS: readonly ErrorCode[] = ['unauthorized', 'forbidden', 'internal', 'not_ready'];
const BODY_ERRORS: readonly ErrorCode[] = ['bad_request', 'invalid_json', 'body_too_large'];
const BREAKER_ERRORS: readonly ErrorCode[] = [...BODY_ERRORS, 'not_found'];

const triggerQuerySchema = z.strictObject({
  failure_count: z.coerce.number().int().min(1).max(100).optional(),
});

/** The newest state of a breaker is the answer to whatever is done to it. */
const breakerNow = { 200: { what: 'The breaker as it is now', json: 'Breaker' } } as const;

export const ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/api/stream',
    id: 'streamSnapshots',
    tag: 'Live',
    summary: 'One snapshot a second, for as long as the client listens',
    answers: { 200: { what: 'The newest snapshot at once, then one a second', events: 'Snapshot' } },
    errors: ['shutting_down'],
  },
  {
    method: 'GET',
    path: '/api/history',
    id: 'readHistory',
    tag: 'Live',
    summary: 'Time series of up to seven days, with the events of that time',
    query: historyQuerySchema,
    answers: { 200: { what: 'The series, aligned to common times', json: 'History' } },
    errors: ['bad_request', 'not_found'],
  },
  {
    method: 'GET',
    path: '/api/events',
    id: 'listEvents',
    tag: 'Live',
    summary: 'The event log: transitions, acts of operators, faults, reloads',
    query: eventQuerySchema,
    answers: { 200: { what: 'Events in their order', json: 'EventList' } },
    errors: ['bad_request'],
  },
  {
    method: 'GET',
    path: '/api/events/stream',
    id: 'streamEvents',
    tag: 'Live',
    summary:
      'Events as they happen; resumes after `Last-Event-ID` or `after`. An event `gap` with `{after, oldest_seq}` says that some are no longer kept',
    query: eventQuerySchema.omit({ limit: true }),
    answers: { 200: { what: 'One event each, its `seq` as id', events: 'Event' } },
    errors: ['bad_request', 'shutting_down'],
  },
  {
    method: 'GET',
    path: '/api/upstreams',
    id: 'listUpstreams',
    tag: 'Live',
    summary: 'The upstreams, and how busy they are now',
    answers: { 200: { what: 'In the order of preference', json: 'UpstreamList' } },
  },
  {
    method: 'GET',
    path: '/api/breakers',
    id: 'listBreakers',
    tag: 'Breakers',
    summary: 'All circuit breakers',
    answers: { 200: { what: 'Each with its window, hold and last transition', json: 'BreakerList' } },
  },
  {
    method: 'GET',
    path: '/api/breakers/{name}',
    id: 'showBreaker',
    tag: 'Breakers',
    summary: 'One circuit breaker',
    answers: breakerNow,
    errors: ['not_found'],
  },
  {
    method: 'GET',
    path: '/api/breakers/{name}/transitions',
    id: 'listTransitions',
    tag: 'Breakers',
    summary: 'What it went through, each with its evidence',
    answers: { 200: { what: 'Newest first', json: 'TransitionList' } },
    errors: ['not_found'],
  },
  {
    method: 'POST',
    path: '/api/breakers/{name}/trip',
    id: 'tripBreaker',
    tag: 'Breakers',
    summary: 'Holds it open until it is reset or the hold expires, whatever the traffic',
    body: 'TripRequest',
    answers: breakerNow,
    errors: [...BREAKER_ERRORS, 'conflict'],
  },
  {
    method: 'POST',
    path: '/api/breakers/{name}/hold',
    id: 'holdBreaker',
    tag: 'Breakers',
    summary: 'Holds it open or closed, or lets it only measure',
    body: 'HoldRequest',
    answers: breakerNow,
    errors: [...BREAKER_ERRORS, 'conflict'],
  },
  {
    method: 'DELETE',
    path: '/api/breakers/{name}/hold',
    id: 'liftHold',
    tag: 'Breakers',
    summary: 'Lifts one hold, the one in force unless another is named; the others stay',
    body: 'LiftRequest',
    answers: breakerNow,
    errors: BREAKER_ERRORS,
  },
  {
    method: 'POST',
    path: '/api/breakers/{name}/probe',
    id: 'probeNow',
    tag: 'Breakers',
    summary: 'Ends the open time of an open breaker at once; `conflict` when it is not open, or held',
    body: 'ReasonRequest',
    answers: breakerNow,
    errors: [...BREAKER_ERRORS, 'conflict'],
  },
  {
    method: 'POST',
    path: '/api/breakers/{name}/reset',
    id: 'resetBreaker',
    tag: 'Breakers',
    summary: 'Lifts holds, closes it and empties its window',
    body: 'ReasonRequest',
    answers: breakerNow,
    errors: BREAKER_ERRORS,
  },
  {
    method: 'PATCH',
    path: '/api/breakers/{name}/settings',
    id: 'changeSettings',
    tag: 'Breakers',
    summary: 'Changes any of the settings; state and window are kept',
    body: 'SettingsPatch',
    answers: breakerNow,
    errors: BREAKER_ERRORS,
  },
  {
    method: 'DELETE',
    path: '/api/breakers/{name}/settings',
    id: 'restoreSettings',
    tag: 'Breakers',
    summary: 'Takes back what was changed: the settings are as configured again',
    body: 'ReasonRequest',
    answers: breakerNow,
    errors: BREAKER_ERRORS,
  },
  {
    method: 'POST',
    path: '/api/breakers/{name}/what-if',
    id: 'replayWhatIf',
    tag: 'Breakers',
    summary: 'Replays the last hour against other settings, and against the present ones',
    body: 'WhatIfRequest',
    answers: { 200: { what: 'What the breaker would have done', json: 'WhatIf' } },
    errors: [...BREAKER_ERRORS, 'conflict', 'shutting_down'],
  },
  {
    method: 'GET',
    path: '/api/metrics/cache',
    id: 'showCacheMetrics',
    tag: 'Cache',
    summary: 'Every cache: outcomes by window, what it saved, and what other sizes would have made of it',
    answers: {
      200: { what: 'Since the start, and over the last 10, 100 and 1,000 seconds', json: 'CacheMetrics' },
    },
  },
  {
    method: 'PATCH',
    path: '/api/cache',
    id: 'changeCacheSettings',
    tag: 'Cache',
    summary: 'Changes the byte budget of the memory tier at once, until the configured one changes',
    body: 'CacheSettingsPatch',
    answers: { 200: { what: 'The caches as they are now', json: 'CacheMetrics' } },
    errors: BODY_ERRORS,
  },
  {
    method: 'POST',
    path: '/api/cache/purge',
    id: 'purgeCache',
    tag: 'Cache',
    summary: 'Drops entries from memory, Redis and all replicas: of a cache, of a model, of both, or all',
    body: 'PurgeRequest',
    answers: { 200: { what: 'How many are gone', json: 'PurgeResult' } },
    errors: [...BODY_ERRORS, 'not_found'],
  },
  {
    method: 'GET',
    path: '/api/batching',
    id: 'showBatching',
    tag: 'Batching',
    summary:
      'Both batchers in all, and those of every upstream: sizes, waits, reasons, the fitted cost of a call',
    answers: { 200: { what: 'Since the start', json: 'Batching' } },
  },
  {
    method: 'PATCH',
    path: '/api/batching',
    id: 'changeBatching',
    tag: 'Batching',
    summary: 'Changes limits of the batchers of one upstream or of all, until the server starts anew',
    body: 'BatchingPatch',
    answers: { 200: { what: 'The batchers as they are now', json: 'Batching' } },
    errors: [...BODY_ERRORS, 'not_found'],
  },
  {
    method: 'GET',
    path: '/api/metrics/comprehensive',
    id: 'showComprehensive',
    tag: 'System',
    summary: 'All parts in one answer; what has not been measured is null',
    answers: { 200: { what: 'As measured now', json: 'Comprehensive' } },
  },
  {
    method: 'GET',
    path: '/api/predictions',
    id: 'getPredictions',
    tag: 'Allocation',
    summary: 'What is expected, what is allocated, and how good the forecasts were',
    answers: { 200: { what: 'As it is now', json: 'Predictions' } },
  },
  {
    method: 'PATCH',
    path: '/api/predictions',
    id: 'changeAllocation',
    tag: 'Allocation',
    summary: 'Changes the mode, of all or of one actuator, the limits, or what a cold start is worth',
    body: 'PredictionsPatch',
    answers: { 200: { what: 'As it is from now on', json: 'Predictions' } },
    errors: BODY_ERRORS,
  },
  {
    method: 'GET',
    path: '/api/predictions/series',
    id: 'getPredictionSeries',
    tag: 'Allocation',
    summary: 'One series: what came, what had been forecast for it, and what is forecast now',
    query: seriesQuerySchema,
    answers: { 200: { what: 'The series', json: 'PredictionSeries' } },
    errors: ['bad_request', 'not_found'],
  },
  {
    method: 'POST',
    path: '/api/predictions/import',
    id: 'importHistory',
    tag: 'Allocation',
    summary: 'Takes up recorded usage from a CSV; what was measured here stays',
    body: 'ImportRequest',
    answers: { 200: { what: 'What was taken up', json: 'ImportResult' } },
    errors: [...BODY_ERRORS, 'not_found'],
  },
  {
    method: 'POST',
    path: '/api/predictions/what-if',
    id: 'replayAllocation',
    tag: 'Allocation',
    summary: 'What another quantile, lead or load would have cost, over what is recorded',
    body: 'AllocationWhatIfRequest',
    answers: { 200: { what: 'As asked, and as it is now', json: 'AllocationWhatIf' } },
    errors: [...BODY_ERRORS, 'not_found'],
  },
  {
    method: 'GET',
    path: '/api/predictions/frontier',
    id: 'getWarmthFrontier',
    tag: 'Allocation',
    summary: 'Cold starts against idle-warm minutes, over the recorded gaps between uses of models',
    answers: { 200: { what: 'Of fixed keep-alives, and of the learned one', json: 'Frontier' } },
  },
  {
    method: 'GET',
    path: '/api/requests',
    id: 'listRequests',
    tag: 'Requests',
    summary: 'The last requests of the data plane, without what they said',
    query: requestQuerySchema,
    answers: { 200: { what: 'Newest first', json: 'RequestList' } },
    errors: ['bad_request'],
  },
  {
    method: 'GET',
    path: '/api/requests/{id}',
    id: 'showRequest',
    tag: 'Requests',
    summary: 'One request, by its `x-request-id`',
    answers: { 200: { what: 'Its way, stage by stage', json: 'Request' } },
    errors: ['not_found'],
  },
  {
    method: 'GET',
    path: '/api/lab/faults',
    id: 'listFaults',
    tag: 'Lab',
    summary: 'The faults that are active',
    answers: { 200: { what: 'In the order of their start', json: 'FaultList' } },
  },
  {
    method: 'POST',
    path: '/api/lab/faults',
    id: 'injectFault',
    tag: 'Lab',
    summary: 'Injects a fault, which ends by itself',
    body: 'FaultRequest',
    answers: { 201: { what: 'The fault', json: 'Fault' } },
    errors: [...BODY_ERRORS, 'not_found', 'conflict', 'unprocessable'],
  },
  {
    method: 'DELETE',
    path: '/api/lab/faults/{id}',
    id: 'removeFault',
    tag: 'Lab',
    summary: 'Ends a fault before its time',
    answers: { 200: { what: 'The fault as it stood', json: 'Fault' } },
    errors: ['not_found'],
  },
  {
    method: 'GET',
    path: '/api/lab/drills',
    id: 'listDrills',
    tag: 'Lab',
    summary: 'The last failure drills and those that run; as CSV with `format=csv`',
    query: drillQuerySchema,
    answers: { 200: { what: 'Newest first', json: 'DrillList' } },
    errors: ['bad_request'],
  },
  {
    method: 'POST',
    path: '/api/lab/drills',
    id: 'startDrill',
    tag: 'Lab',
    summary: 'Makes a component fail, watches its breaker, takes the fault back, and scores',
    body: 'DrillRequest',
    answers: { 201: { what: 'The drill, running', json: 'Drill' } },
    errors: [...BREAKER_ERRORS, 'conflict', 'unprocessable', 'shutting_down'],
  },
  {
    method: 'GET',
    path: '/api/lab/drills/{id}',
    id: 'showDrill',
    tag: 'Lab',
    summary: 'One drill: its figures and what it is judged by',
    answers: { 200: { what: 'The drill', json: 'Drill' } },
    errors: ['not_found'],
  },
  {
    method: 'DELETE',
    path: '/api/lab/drills/{id}',
    id: 'stopDrill',
    tag: 'Lab',
    summary: 'Ends a running drill and its fault',
    answers: { 200: { what: 'The drill as it stood', json: 'Drill' } },
    errors: ['not_found', 'conflict'],
  },
  {
    method: 'GET',
    path: '/api/lab/workload',
    id: 'showWorkload',
    tag: 'Lab',
    summary: 'The traffic that is sent on order',
    answers: { 200: { what: 'The workload', json: 'Workload' } },
  },
  {
    method: 'POST',
    path: '/api/lab/workload',
    id: 'startWorkload',
    tag: 'Lab',
    summary: 'Sends seeded, reproducible traffic through the gateway',
    body: 'WorkloadRequest',
    answers: { 201: { what: 'The workload', json: 'Workload' } },
    errors: [...BODY_ERRORS, 'conflict'],
  },
  {
    method: 'DELETE',
    path: '/api/lab/workload',
    id: 'stopWorkload',
    tag: 'Lab',
    summary: 'Stops it',
    answers: { 200: { what: 'The workload as it stood', json: 'Workload' } },
  },
  {
    method: 'GET',
    path: '/api/test/circuit-breaker/status',
    id: 'testStatus',
    tag: 'Test',
    summary: 'State and counts of every breaker, by component',
    answers: { 200: { what: 'By component', json: 'TestStatus' } },
  },
  {
    method: 'POST',
    path: '/api/test/circuit-breaker/trigger-failure/{component}',
    id: 'testTrigger',
    tag: 'Test',
    summary: "Drives failures and one more call through a component's own breaker",
    query: triggerQuerySchema,
    body: 'ReasonRequest',
    answers: { 200: { what: 'What each attempt came to', json: 'TriggerResult' } },
    errors: BREAKER_ERRORS,
  },
  {
    method: 'POST',
    path: '/api/test/circuit-breaker/reset/{component}',
    id: 'testReset',
    tag: 'Test',
    summary: 'Closes it and empties its window',
    body: 'ReasonRequest',
    answers: { 200: { what: 'Done', json: 'TestReset' } },
    errors: BREAKER_ERRORS,
  },
  {
    method: 'GET',
    path: '/api/health/live',
    id: 'isLive',
    tag: 'System',
    summary: 'Whether the process answers',
    answers: { 200: { what: 'It does', json: 'Liveness' } },
    isPublic: true,
  },
  {
    method: 'GET',
    path: '/api/health/ready',
    id: 'isReady',
    tag: 'System',
    summary: 'Whether it should get traffic',
    answers: {
      200: { what: 'It should', json: 'Readiness' },
      503: { what: 'It should not, and why', json: 'Readiness' },
    },
    isPublic: true,
  },
  {
    method: 'POST',
    path: '/api/session',
    id: 'openSession',
    tag: 'System',
    summary: "Opens the console's session with the admin token",
    body: 'SessionRequest',
    answers: { 200: { what: 'Open; the cookie is in `set-cookie`', json: 'Session' } },
    errors: [...BODY_ERRORS, 'conflict'],
    isPublic: true,
  },
  {
    method: 'DELETE',
    path: '/api/session',
    id: 'closeSession',
    tag: 'System',
    summary: 'Ends the session',
    answers: { 200: { what: 'Closed', json: 'Session' } },
    isPublic: true,
  },
  {
    method: 'GET',
    path: '/metrics',
    id: 'scrapeMetrics',
    tag: 'System',
    summary: 'Metrics for Prometheus',
    answers: { 200: { what: 'Prometheus text format 0.0.4', text: 'text/plain' } },
  },
  {
    method: 'GET',
    path: '/api/openapi.json',
    id: 'describeApi',
    tag: 'System',
    summary: 'This document',
    answers: { 200: { what: 'OpenAPI 3.1', text: 'application/json' } },
  },
];
