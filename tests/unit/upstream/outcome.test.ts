import { describe, expect, it } from 'vitest';
import { errorOfCall, outcomeOfStatus, readRetryAfterMs } from '#lib/upstream/outcome.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

describe('what a status says to the breaker', () => {
  it.each([
    [200, 'success'],
    [204, 'success'],
    [400, 'neutral'],
    [401, 'neutral'],
    [404, 'neutral'],
    [408, 'failure'],
    [422, 'neutral'],
    [429, 'failure'],
    [302, 'failure'],
    [500, 'failure'],
    [503, 'failure'],
  ])('%i is %s', (status, kind) => {
    expect(outcomeOfStatus(status, {}, NOW).kind).toBe(kind);
  });

  it('carries the time that the upstream asked for', () => {
    expect(outcomeOfStatus(429, { 'retry-after': '7' }, NOW)).toMatchObject({ retryAfterMs: 7_000 });
  });
});

describe('retry-after', () => {
  it.each([
    [{ 'retry-after': '30' }, 30_000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after-ms': '120', 'retry-after': '30' }, 120],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:09 GMT' }, 9_000],
    [{ 'retry-after': 'Thu, 01 Jan 2015 00:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after-ms': '-5' }, null],
    [{}, null],
  ])('%j is %s ms', (headers, expected) => {
    expect(readRetryAfterMs(headers, NOW)).toBe(expected);
  });
});

describe('what a failed call says to the client', () => {
  it.each([
    ['connect', 'upstream_unreachable'],
    ['connect_timeout', 'upstream_unreachable'],
    ['reset', 'upstream_unreachable'],
    ['first_byte_timeout', 'upstream_timeout'],
    ['idle_timeout', 'upstream_timeout'],
    ['total_timeout', 'upstream_timeout'],
    ['cut', 'upstream_invalid'],
    ['invalid_response', 'upstream_invalid'],
  ] as const)('%s is %s and keeps its own kind', (failure, code) => {
    const error = errorOfCall('a', { failure, message: 'm' });
    expect(error.code).toBe(code);
    expect(error.details).toEqual({ kind: failure });
  });
});
