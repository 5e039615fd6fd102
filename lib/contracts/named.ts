/** The schemas that the OpenAPI document shows, by the names it gives them. */

import { batchingPatchSchema, batchingSchema } from '#lib/contracts/batching.ts';
import {
  breakerListSchema,
  breakerSchema,
  coverageSchema,
  holdRequestSchema,
  holdSchema,
  liftRequestSchema,
  reasonRequestSchema,
  settingsPatchSchema,
  testResetSchema,
  testStatusSchema,
  transitionListSchema,
  transitionSchema,
  triggerResultSchema,
  tripRequestSchema,
  whatIfRequestSchema,
  whatIfSchema,
} from '#lib/contracts/breakers.ts';
import {
  cacheMetricsSchema,
  cacheSettingsPatchSchema,
  cacheViewSchema,
  cacheWindowSchema,
  purgeRequestSchema,
  purgeResultSchema,
} from '#lib/contracts/cache.ts';
import { commandRequestSchema, commandResultSchema, commandSchema } from '#lib/contracts/commands.ts';
import { comprehensiveSchema } from '#lib/contracts/comprehensive.ts';
import { breakerSettingsSchema } from '#lib/contracts/config.ts';
import { drillListSchema, drillRequestSchema, drillSchema } from '#lib/contracts/drills.ts';
import { errorSchema, ollamaErrorSchema, openAiErrorSchema } from '#lib/contracts/errors.ts';
import { eventListSchema, eventSchema } from '#lib/contracts/events.ts';
import { faultListSchema, faultRequestSchema, faultSchema } from '#lib/contracts/faults.ts';
import { livenessSchema, readinessSchema } from '#lib/contracts/health.ts';
import { historySchema } from '#lib/contracts/history.ts';
import {
  allocationWhatIfRequestSchema,
  allocationWhatIfSchema,
  frontierSchema,
  importRequestSchema,
  importResultSchema,
  predictionSeriesSchema,
  predictionsPatchSchema,
  predictionsSchema,
} from '#lib/contracts/predictions.ts';
import { requestListSchema, requestRecordSchema, spanSchema } from '#lib/contracts/requests.ts';
import { checkSchema, loadTestRequestSchema, loadTestSchema, scoreSchema } from '#lib/contracts/score.ts';
import { sessionRequestSchema, sessionSchema } from '#lib/contracts/session.ts';
import { componentSchema, rowSchema, snapshotSchema, trafficSchema } from '#lib/contracts/snapshot.ts';
import {
  tourFiguresSchema,
  tourNowSchema,
  tourPatchSchema,
  tourPointSchema,
  tourRequestSchema,
  tourSchema,
  tourStepSchema,
} from '#lib/contracts/tour.ts';
import { upstreamListSchema, upstreamViewSchema } from '#lib/contracts/upstreams.ts';
import { workloadRequestSchema, workloadSchema, workloadSettingsSchema } from '#lib/contracts/workload.ts';

/** What callers send. */
export const BODIES = {
  TripRequest: tripRequestSchema,
  HoldRequest: holdRequestSchema,
  LiftRequest: liftRequestSchema,
  ReasonRequest: reasonRequestSchema,
  SettingsPatch: settingsPatchSchema,
  WhatIfRequest: whatIfRequestSchema,
  PurgeRequest: purgeRequestSchema,
  BatchingPatch: batchingPatchSchema,
  CacheSettingsPatch: cacheSettingsPatchSchema,
  PredictionsPatch: predictionsPatchSchema,
  ImportRequest: importRequestSchema,
  AllocationWhatIfRequest: allocationWhatIfRequestSchema,
  FaultRequest: faultRequestSchema,
  DrillRequest: drillRequestSchema,
  CommandRequest: commandRequestSchema,
  LoadTestRequest: loadTestRequestSchema,
  WorkloadRequest: workloadRequestSchema,
  TourRequest: tourRequestSchema,
  TourPatch: tourPatchSchema,
  SessionRequest: sessionRequestSchema,
};

/** What they get. */
export const ANSWERS = {
  Breaker: breakerSchema,
  BreakerList: breakerListSchema,
  BreakerSettings: breakerSettingsSchema,
  Coverage: coverageSchema,
  Hold: holdSchema,
  WhatIf: whatIfSchema,
  Transition: transitionSchema,
  TransitionList: transitionListSchema,
  TestStatus: testStatusSchema,
  TestReset: testResetSchema,
  TriggerResult: triggerResultSchema,
  Upstream: upstreamViewSchema,
  UpstreamList: upstreamListSchema,
  Snapshot: snapshotSchema,
  Component: componentSchema,
  Traffic: trafficSchema,
  Row: rowSchema,
  History: historySchema,
  Event: eventSchema,
  EventList: eventListSchema,
  Batching: batchingSchema,
  Comprehensive: comprehensiveSchema,
  Command: commandSchema,
  CommandResult: commandResultSchema,
  Score: scoreSchema,
  ScoreCheck: checkSchema,
  LoadTest: loadTestSchema,
  Predictions: predictionsSchema,
  PredictionSeries: predictionSeriesSchema,
  AllocationWhatIf: allocationWhatIfSchema,
  Frontier: frontierSchema,
  ImportResult: importResultSchema,
  CacheMetrics: cacheMetricsSchema,
  CacheView: cacheViewSchema,
  CacheWindow: cacheWindowSchema,
  PurgeResult: purgeResultSchema,
  Request: requestRecordSchema,
  RequestList: requestListSchema,
  Span: spanSchema,
  Fault: faultSchema,
  FaultList: faultListSchema,
  Drill: drillSchema,
  DrillList: drillListSchema,
  Workload: workloadSchema,
  Tour: tourSchema,
  TourStep: tourStepSchema,
  TourFigures: tourFiguresSchema,
  TourPoint: tourPointSchema,
  TourNow: tourNowSchema,
  WorkloadSettings: workloadSettingsSchema,
  Session: sessionSchema,
  Liveness: livenessSchema,
  Readiness: readinessSchema,
  Error: errorSchema,
  OpenAIError: openAiErrorSchema,
  OllamaError: ollamaErrorSchema,
};

export type BodyName = keyof typeof BODIES;
export type AnswerName = keyof typeof ANSWERS;
