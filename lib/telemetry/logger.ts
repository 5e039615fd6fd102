/** Structured logs on standard output. */
import pino, { type Logger } from 'pino';

export type { Logger } from 'pino';

/** Keys whose values never reach a log, down to the third level; what is logged here is no deeper. */
const SECRET_KEYS = [
  'api_key',
  'api_keys',
  'admin_token',
  'authorization',
  'cookie',
  'password',
  'token',
  'redis_url',
];

export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: briefError },
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[secret]' },
  });
}

/** Errors carry what their thrower hung on them, requests and headers included: only these go out. */
function briefError(thrown: unknown): object {
  if (!(thrown instanceof Error)) return { message: String(thrown) };
  const { name, message, stack } = thrown;
  return { type: name, message, stack, ...('code' in thrown ? { code: String(thrown.code) } : {}) };
}
