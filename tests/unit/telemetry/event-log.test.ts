import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventListSchema, eventQuerySchema } from '#lib/contracts/events.ts';
import { MemoryEventStore } from '#lib/store/memory-event-store.ts';
import { EventLog } from '#lib/telemetry/event-log.ts';

const DAY_MS = 86_400_000;
let nowMs = Date.parse('2026-03-01T10:00:00.000Z');
const logOver = (store = new MemoryEventStore()) => new EventLog(() => nowMs, store);
const query = (log: EventLog, given: Record<string, string> = {}) =>
  eventListSchema.parse(log.query(eventQuerySchema.parse(given)));

afterEach(() => vi.restoreAllMocks());

describe('the event log', () => {
  it('numbers and dates events, and goes on where another one ended', () => {
    const store = new MemoryEventStore();
    const first = logOver(store);
    expect(first.append({ type: 'config_reloaded', detail: {} })).toMatchObject({
      seq: 1,
      at: '2026-03-01T10:00:00.000Z',
    });
    expect(logOver(store).append({ type: 'config_reloaded', detail: {} }).seq).toBe(2);
  });

  it('answers the newest events, or those after a number, and says what there is', () => {
    const log = logOver();
    for (let i = 0; i < 5; i++) log.append({ type: 'breaker_trip', component: `c${i % 2}`, detail: i });
    const seqs = (given: Record<string, string>) => query(log, given).events.map(({ seq }) => seq);
    expect(seqs({ limit: '2' })).toEqual([4, 5]);
    expect(seqs({ after: '1', limit: '2' })).toEqual([2, 3]);
    expect(seqs({ component: 'c1' })).toEqual([2, 4]);
    expect(query(log, { after: '5' })).toEqual({ events: [], last_seq: 5, oldest_seq: 1 });
  });

  it('tells those who listen, until they stop', () => {
    const log = logOver();
    const heard: number[] = [];
    const stop = log.subscribe(({ seq }) => heard.push(seq));
    log.append({ type: 'x', detail: null });
    stop();
    log.append({ type: 'x', detail: null });
    expect(heard).toEqual([1]);
  });

  it('is not harmed by a listener that throws', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const log = logOver();
    const heard: number[] = [];
    log.subscribe(() => {
      throw new Error('broken');
    });
    log.subscribe(({ seq }) => heard.push(seq));
    expect(log.append({ type: 'x', detail: null }).seq).toBe(1);
    expect([heard, warned.mock.calls.length]).toEqual([[1], 1]);
  });

  it('forgets after seven days, when it starts and as it goes on', () => {
    const store = new MemoryEventStore();
    const log = logOver(store);
    for (let i = 0; i < 10; i++) log.append({ type: 'x', detail: null });
    nowMs += 7 * DAY_MS + 1;
    for (let i = 0; i < 490; i++) log.append({ type: 'x', detail: null });
    expect(store.oldestSeq).toBe(11);
    nowMs += 7 * DAY_MS + 1;
    logOver(store);
    expect([store.oldestSeq, store.lastSeq]).toEqual([500, 500]);
  });
});
