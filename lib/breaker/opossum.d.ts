/** The part of opossum 10 that is used here; its published types stand at version 8. */
declare module 'opossum' {
  import type { EventEmitter } from 'node:events';

  interface Status {
    increment(property: string, latencyMs?: number): void;
    shutdown(): void;
  }

  interface Options {
    timeout?: number | false;
    /** Read at every opening, so it may be changed. */
    resetTimeout?: number;
    volumeThreshold?: number;
    errorThresholdPercentage?: number;
    rollingCountTimeout?: number;
    status?: Status;
    state?: { closed: boolean; halfOpen: boolean };
  }

  class CircuitBreaker<Input extends unknown[]> extends EventEmitter {
    constructor(action: (...input: Input) => PromiseLike<unknown>, options: Options);
    static newStatus(options: {
      enableSnapshots: boolean;
      rollingPercentilesEnabled: boolean;
      rollingCountBuckets: number;
    }): Status;
    readonly options: Options;
    readonly stats: { readonly fires: number };
    fire(...input: Input): Promise<unknown>;
    open(): void;
    close(): void;
    shutdown(): void;
  }

  export default CircuitBreaker;
}
