/**
 * Faults in front of a real upstream's connections. It stands where the pool does, so that what it makes up runs
 * through the same budgets, breakers and cancels as what really happens. Model calls are struck, questions about models
 * are not, as in the lab.
 */
import type { Dispatcher } from 'undici';
import { type ActiveFault, type Outcome, planStrike } from '#lib/lab/fault-plan.ts';
import type { FaultTarget } from '#lib/lab/faults.ts';
import type { Dispatching, CallHandler as Handler } from '#lib/upstream/call.ts';
import type { CallGate } from '#lib/upstream/connections.ts';

type Options = Dispatcher.DispatchOptions;
type Controller = Dispatcher.DispatchController;

export interface FaultGateParts {
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const MODEL_CALL = /\/(?:chat\/completions|completions|embeddings|api\/chat|api\/generate|api\/embed)$/;
/** Of them, those of Ollama's own protocol; its OpenAI surface ends in the same words as any. */
const OLLAMA_CALL = /\/api\/(?:chat|generate|embed|embeddings)$/;
const RETRY_AFTER_S = '1';

interface Entry {
  readonly fault: ActiveFault;
  readonly onStruck: (newStrikes: number) => void;
}

export class FaultGate implements FaultTarget, CallGate {
  readonly #parts: FaultGateParts;
  /** Bounded by the fault registry. */
  readonly #faults = new Map<string, Entry>();

  constructor(parts: FaultGateParts) {
    this.#parts = parts;
  }

  applyFault(fault: ActiveFault, onStruck: (newStrikes: number) => void): void {
    this.#faults.set(fault.id, { fault, onStruck });
  }

  removeFault(id: string): void {
    this.#faults.delete(id);
  }

  /** As the pool's `dispatch`, with the faults that strike this call. */
  dispatch(pool: Dispatching, options: Options, handler: Handler): void {
    if (this.#faults.size === 0 || !MODEL_CALL.test(options.path)) {
      pool.dispatch(options, handler);
      return;
    }
    const faults = [...this.#faults.values()].map(({ fault }) => fault);
    const { ids, delayMs, outcome } = planStrike(faults, this.#parts.now(), this.#parts.random);
    for (const id of ids) this.#faults.get(id)?.onStruck(1);
    if (delayMs === 0 && outcome === null) {
      pool.dispatch(options, handler);
      return;
    }
    const struck = new StruckCall(handler);
    if (delayMs > 0) struck.after(delayMs, () => struck.go(pool, options, outcome));
    else struck.go(pool, options, outcome);
  }
}

/** A call on which a fault has struck: its controller works before there is a connection, and without one. */
class StruckCall implements Controller {
  readonly #handler: Handler;
  #real: Controller | null = null;
  #timer: NodeJS.Timeout | null = null;
  aborted = false;
  paused = false;
  reason: Error | null = null;
  rawHeaders: Buffer[] | null = null;
  rawTrailers: Buffer[] | null = null;

  constructor(handler: Handler) {
    this.#handler = handler;
    handler.onRequestStart?.(this, {});
  }

  after(delayMs: number, run: () => void): void {
    this.#timer = setTimeout(() => {
      if (!this.aborted) run();
    }, delayMs);
  }

  go(pool: Dispatching, options: Options, outcome: Outcome | null): void {
    switch (outcome?.kind) {
      case 'hang':
        return;
      case 'error':
      case 'rate_limit':
        this.#answer(outcome.status, refusalOf(outcome.kind, options.path));
        return;
      default:
        pool.dispatch(options, this.#through(outcome?.kind === 'cut'));
    }
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#real?.abort(reason);
  }

  pause(): void {
    this.paused = true;
    this.#real?.pause();
  }

  resume(): void {
    this.paused = false;
    this.#real?.resume();
  }

  #answer(status: number, { headers, body }: Refusal): void {
    // As from a socket: never before `dispatch` has returned.
    setImmediate(() => {
      if (this.aborted) return;
      this.#handler.onResponseStart?.(this, status, headers, '');
      if (!this.aborted) this.#handler.onResponseData?.(this, body);
      if (!this.aborted) this.#handler.onResponseEnd?.(this, {});
    });
  }

  #through(cut: boolean): Handler {
    const handler = this.#handler;
    return {
      onPlace: (place) => handler.onPlace?.(place),
      onRequestSent: () => handler.onRequestSent?.(),
      onResponseStarted: () => handler.onResponseStarted?.(),
      onRequestStart: (controller) => {
        this.#real = controller;
        if (this.aborted) controller.abort(this.reason ?? new Error('aborted'));
        else if (this.paused) controller.pause();
      },
      onResponseStart: (_, status, headers, text) => handler.onResponseStart?.(this, status, headers, text),
      onResponseData: (controller, chunk) => {
        if (this.aborted) return;
        if (!cut) {
          handler.onResponseData?.(this, chunk);
          return;
        }
        // Some of it, but never all: the whole answer may have come in one piece.
        const some = chunk.subarray(0, Math.max(1, Math.floor(chunk.length / 2)));
        if (some.length > 0) handler.onResponseData?.(this, some);
        if (this.aborted) return;
        this.aborted = true;
        controller.abort(new Error('cut by an injected fault'));
        handler.onResponseError?.(
          this,
          Object.assign(new Error('cut by an injected fault'), { code: 'ECONNRESET' }),
        );
      },
      onResponseEnd: (_, trailers) => {
        if (!this.aborted) handler.onResponseEnd?.(this, trailers);
      },
      onResponseError: (_, error) => {
        if (!this.aborted) handler.onResponseError?.(this, error);
      },
    };
  }
}

interface Refusal {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** What a server of that path's protocol would say. */
function refusalOf(kind: 'error' | 'rate_limit', path: string): Refusal {
  const message = `fault injected by Switchgear: ${kind.replace('_', ' ')}`;
  const error = OLLAMA_CALL.test(path)
    ? message
    : { message, type: 'injected_fault', param: null, code: null };
  const body = Buffer.from(JSON.stringify({ error }));
  const headers = {
    'content-type': 'application/json',
    'content-length': String(body.length),
    ...(kind === 'rate_limit' ? { 'retry-after': RETRY_AFTER_S } : {}),
  };
  return { headers, body };
}
