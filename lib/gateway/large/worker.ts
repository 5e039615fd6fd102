/** The worker's thread: parses and writes what would hold up the event loop. */
import { parentPort } from 'node:worker_threads';
import { toSwitchgearError } from '#lib/errors.ts';
import { keptIn, valueOfKept } from '#lib/gateway/kept-vector.ts';
import type {
  Job,
  Rendered,
  RenderJob,
  Reply,
  Source,
  Vectors,
  VectorsJob,
} from '#lib/gateway/large/jobs.ts';
import { openExchange } from '#lib/protocols/exchange.ts';
import { rendered } from '#lib/protocols/recorded.ts';
import type { Json } from '#lib/protocols/types.ts';
import { parseAnswer, usageIn } from '#lib/protocols/upstream-answer.ts';
import { answerOf, modelIn, vectorsIn } from '#lib/protocols/vectors.ts';

parentPort?.on('message', ({ id, job }: { id: number; job: Job }) => {
  try {
    const done = job.kind === 'render' ? render(job) : vectors(job);
    const all =
      'body' in done ? [done.body.buffer] : [done.whole.buffer, ...done.values.map(({ buffer }) => buffer)];
    reply({ id, done }, all);
  } catch (thrown) {
    const { code, message } = toSwitchgearError(thrown);
    reply({ id, failed: { code, message } });
  }
});

function reply(message: Reply, transferred: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transferred);
}

function render({ source, request, protocol, context }: RenderJob): Rendered {
  const { id, nowMs, elapsedMs, isShared } = context;
  let isOpen = false;
  const exchange = openExchange(request, protocol, {
    id,
    now: () => nowMs,
    // What the exchange reads first is when it was opened.
    monotonicMs: () => (isOpen ? elapsedMs : 0),
    shared: isShared,
  });
  isOpen = true;
  const { body, bytes } = answerIn(source);
  const usage = usageIn(body);
  // Checked, and unchanged: as the upstream wrote it.
  if (!request.stream && bytes !== null && exchange.answer(body) === body) return { body: bytes, usage };
  return { body: copied(rendered({ form: 'whole', body }, exchange, protocol, request.stream)), usage };
}

function vectors({ source, protocol, count, model }: VectorsJob): Vectors {
  const { body, bytes } = answerIn(source);
  const name = modelIn(body) ?? model;
  const values = vectorsIn(body, protocol, count).map((vector) =>
    copied(valueOfKept({ vector, model: name })),
  );
  return { values, whole: bytes ?? new Uint8Array(), usage: usageIn(body) };
}

function answerIn(source: Source): { body: Json; bytes: Uint8Array<ArrayBuffer> | null } {
  if (source.from === 'vectors') {
    const kept = source.values.map((value) =>
      keptIn(Buffer.from(value.buffer, value.byteOffset, value.length)),
    );
    return {
      body: answerOf(
        kept.map(({ vector }) => vector),
        source.frame,
      ),
      bytes: null,
    };
  }
  const bytes = copied(Buffer.concat(source.chunks));
  return { body: parseAnswer(Buffer.from(bytes.buffer).toString('utf8'), ''), bytes };
}

/** In memory of its own, that can be handed over whole. */
function copied(value: string | Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(typeof value === 'string' ? Buffer.from(value) : value);
}
