/** The worker thread of one what-if: replays, answers, and is gone. */
import { parentPort, workerData } from 'node:worker_threads';
import { type ReplayInput, replay } from '#lib/breaker/what-if/replay.ts';

// Given by `WhatIfs`, which is typed.
const inputs = workerData as readonly ReplayInput[];
parentPort?.postMessage(inputs.map(replay));
