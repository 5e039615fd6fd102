/** Ollama's `keep_alive`: how long a model stays in memory after its last use. */
import type { Json } from '#lib/protocols/types.ts';

const SECONDS = /^-?\d+(?:\.\d+)?$/;
const DURATION = /^-?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;
const PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g;
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

const FIELD = '"keep_alive"';
/** As long as a field with its value may be. */
const FIELD_BYTES = 64;
const VALUE = /^"keep_alive"\s*:\s*("[^"\\]*"|-?\d+(?:\.\d+)?)/;

/**
 * In milliseconds: a duration as Go writes it (`5m`, `1h30m`) or seconds; below zero is for good. NaN when it is
 * neither.
 */
export function keepAliveMs(given: Json): number {
  const text = typeof given === 'number' ? String(given) : typeof given === 'string' ? given.trim() : '';
  const ms = SECONDS.test(text) ? Number(text) * 1_000 : durationMs(text);
  return ms < 0 ? Number.POSITIVE_INFINITY : ms;
}

/** Of a body as it goes to the upstream, without parsing it: within a text its quotes would be escaped. Null without one. */
export function keepAliveIn(body: string | Buffer): number | null {
  const at = body.indexOf(FIELD);
  if (at === -1) return null;
  const [, value] = VALUE.exec(body.slice(at, at + FIELD_BYTES).toString()) ?? [];
  const ms = value === undefined ? Number.NaN : keepAliveMs(JSON.parse(value));
  return Number.isNaN(ms) ? null : ms;
}

function durationMs(text: string): number {
  if (!DURATION.test(text)) return Number.NaN;
  let ms = 0;
  for (const [, number, unit] of text.matchAll(PART)) ms += Number(number) * (UNIT_MS[unit ?? ''] ?? 0);
  return text.startsWith('-') ? -ms : ms;
}
