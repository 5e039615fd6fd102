import { expect, it } from 'vitest';
import { actOf, changesOf } from '#components/audit/changes.ts';

it('names the leaves that an act changed, and no other', () => {
  const before = { state: 'closed', holds: [], settings: { window_s: 10, open_s: 15 } };
  const after = { state: 'open', holds: [{ mode: 'open' }], settings: { window_s: 10, open_s: 20 } };
  expect(changesOf(before, after)).toEqual([
    { path: 'state', before: 'closed', after: 'open' },
    { path: 'settings.open_s', before: '15', after: '20' },
    { path: 'holds.0.mode', before: null, after: 'open' },
  ]);
});

it('takes everything for new where there was nothing before', () => {
  expect(changesOf(undefined, { purged: 3 })).toEqual([{ path: 'purged', before: null, after: '3' }]);
  expect(changesOf(undefined, 'act')).toEqual([{ path: '', before: null, after: 'act' }]);
  expect(changesOf({ a: 1 }, { a: 1 })).toEqual([]);
});

it('tells why and what of faults, too, which say it in their own place', () => {
  const fault = {
    id: 'x',
    upstream: 'lab',
    kind: 'error',
    rate: 1,
    status: 503,
    reason: 'a drill by hand',
    struck: 0,
  };
  expect(actOf({ fault, cause: 'operator' })).toEqual({
    reason: 'a drill by hand',
    before: undefined,
    after: { kind: 'error', rate: 1, status: 503, latency_ms: undefined },
  });
  expect(actOf({ reason: 'because', before: 1, after: 2 })).toEqual({
    reason: 'because',
    before: 1,
    after: 2,
  });
  expect(actOf(null)).toEqual({ reason: null, before: undefined, after: undefined });
});
