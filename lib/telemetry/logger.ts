/** Structured logs on standard output. */
import pino, { type Logger } from 'pino';

export type { Logger } from 'pino';

/** Keys whose values never reach a log, wherever they stand. */
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
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[secret]' },
  });
}
