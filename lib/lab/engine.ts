/** Runs calls as a model server would: a slot, the model in memory, the prompt, then token after token in time. */
import { type Clock, sleep } from '#lib/lab/clock.ts';
import { compose, type GenerationRequest } from '#lib/lab/compose.ts';
import { embed } from '#lib/lab/embed.ts';
import { emptyUsage, type GenerationEvent, type Usage } from '#lib/lab/events.ts';
import { bound } from '#lib/lab/generate.ts';
import { ModelMemory } from '#lib/lab/memory.ts';
import type { LabModel } from '#lib/lab/models.ts';
import { RequestSlots } from '#lib/lab/request-slots.ts';
import { countTokens, tokensOf } from '#lib/lab/tokenizer.ts';

export interface EmbeddingRequest {
  readonly model: LabModel;
  readonly texts: readonly string[];
  readonly dimensions: number;
  /** Null is the server's own. */
  readonly keepAliveMs: number | null;
}

export interface Embeddings {
  readonly vectors: readonly number[][];
  readonly usage: Usage;
}

export interface EngineOptions {
  clock: Clock;
  /** Everything that takes time takes this much less of it. */
  speed: number;
  memoryBytes: number;
  /** How long an idle model stays when a call does not say. */
  keepAliveMs: number;
  /** Parallel calls per model. */
  slots: number;
  /** Calls per model that may wait. */
  queue: number;
}

interface Held {
  readonly startedAt: number;
  readonly loadMs: number;
  release(): void;
}

export class Engine {
  readonly memory: ModelMemory;
  readonly #options: EngineOptions;
  /** Bounded by the catalogue. */
  readonly #slots = new Map<string, RequestSlots>();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.memory = new ModelMemory({
      capacityBytes: options.memoryBytes,
      clock: options.clock,
      speed: options.speed,
    });
  }

  /** Ends with one `done`. @throws Refusal, or the signal's reason when the caller leaves */
  async *generate(request: GenerationRequest, signal: AbortSignal): AsyncGenerator<GenerationEvent> {
    const { model, messages } = request;
    const keepAliveMs = request.keepAliveMs ?? this.#options.keepAliveMs;
    if (messages.length === 0) {
      yield await this.#loadOnly(model, keepAliveMs, signal);
      return;
    }
    const held = await this.#hold(model, keepAliveMs, signal);
    try {
      yield* this.#answer(request, held, signal);
    } finally {
      held.release();
    }
  }

  async embed(request: EmbeddingRequest, signal: AbortSignal): Promise<Embeddings> {
    const { model, texts, dimensions } = request;
    const keepAliveMs = request.keepAliveMs ?? this.#options.keepAliveMs;
    const promptTokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
    const { clock } = this.#options;
    const held = await this.#hold(model, keepAliveMs, signal);
    try {
      const promptStartedAt = clock.now();
      await this.#readPrompt(model, promptTokens, signal);
      const vectors = texts.map((text) => embed(text, dimensions));
      const promptMs = clock.now() - promptStartedAt;
      return { vectors, usage: this.#usage(held, { promptTokens, promptMs }) };
    } finally {
      held.release();
    }
  }

  async #loadOnly(model: LabModel, keepAliveMs: number, signal: AbortSignal): Promise<GenerationEvent> {
    if (keepAliveMs === 0) {
      this.memory.unload(model);
      return { type: 'done', reason: 'unload', usage: emptyUsage };
    }
    const startedAt = this.#options.clock.now();
    const lease = await this.memory.acquire(model, keepAliveMs, signal);
    lease.release();
    return { type: 'done', reason: 'load', usage: this.#usage({ startedAt, loadMs: lease.loadMs }, {}) };
  }

  async *#answer(
    request: GenerationRequest,
    held: Held,
    signal: AbortSignal,
  ): AsyncGenerator<GenerationEvent> {
    const { clock, speed } = this.#options;
    const { model, messages } = request;
    const promptTokens = Math.min(
      messages.reduce((sum, { text }) => sum + countTokens(text), 0),
      model.contextLength,
    );
    const promptStartedAt = clock.now();
    await this.#readPrompt(model, promptTokens, signal);
    const evalStartedAt = clock.now();
    let evalTokens = 0;
    const nextToken = async () => {
      evalTokens += 1;
      const waitMs = evalStartedAt + (evalTokens * 1_000) / (model.tokensPerSecond * speed) - clock.now();
      if (waitMs > 0) await sleep(waitMs, clock, signal);
      else signal.throwIfAborted();
    };
    const { thinking, text, toolCalls } = compose(request);
    const thought = bound(thinking, request.maxTokens, []);
    for (const token of thought.tokens) {
      await nextToken();
      yield { type: 'thinking', text: token };
    }
    const said = bound(text, request.maxTokens - thought.tokens.length, request.stops);
    for (const token of said.tokens) {
      await nextToken();
      yield { type: 'text', text: token };
    }
    if (toolCalls.length > 0) {
      for (const _ of tokensOf(JSON.stringify(toolCalls))) await nextToken();
      yield { type: 'tool_calls', calls: toolCalls };
    }
    const now = clock.now();
    const usage = this.#usage(held, {
      promptTokens,
      evalTokens,
      promptMs: evalStartedAt - promptStartedAt,
      evalMs: now - evalStartedAt,
    });
    const reason = thought.reason === 'length' ? 'length' : said.reason;
    yield { type: 'done', reason, usage };
  }

  /** Takes a slot, then the model; whoever holds them gives both back. */
  async #hold(model: LabModel, keepAliveMs: number, signal: AbortSignal): Promise<Held> {
    const startedAt = this.#options.clock.now();
    const giveBack = await this.#slotsOf(model).acquire(signal);
    try {
      const lease = await this.memory.acquire(model, keepAliveMs, signal);
      const release = () => {
        lease.release();
        giveBack();
      };
      return { startedAt, loadMs: lease.loadMs, release };
    } catch (thrown) {
      giveBack();
      throw thrown;
    }
  }

  async #readPrompt(model: LabModel, tokens: number, signal: AbortSignal): Promise<void> {
    const seconds = model.callSeconds + tokens / model.promptTokensPerSecond;
    const ms = (seconds * 1_000) / this.#options.speed;
    // Below a timer's resolution waiting would take far longer than asked.
    if (ms >= 0.5) await sleep(ms, this.#options.clock, signal);
  }

  #slotsOf(model: LabModel): RequestSlots {
    const present = this.#slots.get(model.name);
    if (present !== undefined) return present;
    const slots = new RequestSlots(this.#options.slots, this.#options.queue);
    this.#slots.set(model.name, slots);
    return slots;
  }

  #usage({ startedAt, loadMs }: Omit<Held, 'release'>, known: Partial<Usage>): Usage {
    return { ...emptyUsage, ...known, loadMs, totalMs: this.#options.clock.now() - startedAt };
  }
}
