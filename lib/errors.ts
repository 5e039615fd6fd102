/**
 * The one error type of the house. `code` is a closed list; `HTTP_STATUS` maps each to its status, and each
 * surface decides how the body looks. Decide by `code`, never by `instanceof`: Next bundles route handlers
 * apart from the server, so the class can exist twice in one process.
 */

/** HTTP status of every error that Switchgear makes itself. */
export const HTTP_STATUS = {
  bad_request: 400,
  invalid_json: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  model_not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  client_too_slow: 408,
  conflict: 409,
  body_too_large: 413,
  unsupported_media_type: 415,
  unprocessable: 422,
  queue_full: 429,
  rate_limit_exceeded: 429,
  headers_too_large: 431,
  client_closed: 499,
  internal: 500,
  upstream_unreachable: 502,
  upstream_invalid: 502,
  upstream_error: 502,
  circuit_open: 503,
  not_ready: 503,
  overloaded: 503,
  shutting_down: 503,
  upstream_timeout: 504,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof HTTP_STATUS;

export interface ErrorOptions {
  /** The request field at fault, as a path: `messages[0].content`. */
  field?: string;
  /** When the caller may try again, in milliseconds from now. */
  retryAfterMs?: number;
  /** Anything else that a caller may act on; goes out as `details`, so never a secret. */
  details?: unknown;
  cause?: unknown;
}

export class SwitchgearError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly details: unknown;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SwitchgearError';
    this.code = code;
    this.field = options.field;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }

  get status(): number {
    return HTTP_STATUS[this.code];
  }
}

/** Narrows anything thrown to a `SwitchgearError`; what is not one becomes `internal`, its text kept as cause. */
export function toSwitchgearError(thrown: unknown): SwitchgearError {
  if (isSwitchgearError(thrown)) return thrown;
  return new SwitchgearError('internal', 'Internal error', { cause: thrown });
}

export function isSwitchgearError(thrown: unknown): thrown is SwitchgearError {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    typeof thrown.code === 'string' &&
    Object.hasOwn(HTTP_STATUS, thrown.code)
  );
}
