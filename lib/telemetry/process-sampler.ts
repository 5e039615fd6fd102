/** This process, once a second: how late its event loop runs, the CPU it takes, the memory it holds. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

export interface ProcessSample {
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** All its threads together; 100 is one core. */
  readonly cpuPercent: number;
  readonly rssMb: number;
}

/** How often the event loop is asked to be on time, in ms; its delay counts from there. */
const RESOLUTION_MS = 10;
const BYTES_PER_MB = 1024 * 1024;

export class ProcessSampler {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #cpu = process.cpuUsage();
  #sampledAt = performance.now();

  constructor() {
    this.#delay.enable();
  }

  /** Since the last sample. */
  sample(): ProcessSample {
    const now = performance.now();
    const { user, system } = process.cpuUsage(this.#cpu);
    const sample = {
      loopDelayP99Ms: delayMs(this.#delay.percentile(99)),
      loopDelayMaxMs: delayMs(this.#delay.max),
      cpuPercent: ((user + system) / 1_000 / Math.max(1, now - this.#sampledAt)) * 100,
      rssMb: process.memoryUsage.rss() / BYTES_PER_MB,
    };
    this.#cpu = process.cpuUsage();
    this.#sampledAt = now;
    this.#delay.reset();
    return sample;
  }

  close(): void {
    this.#delay.disable();
  }
}

/** What it was late, without the interval that it was to wait. */
function delayMs(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
}
