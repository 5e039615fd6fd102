import { beforeEach, describe, expect, it } from 'vitest';
import { ModelMemory } from '#lib/lab/memory.ts';
import { findModel, type LabModel } from '#lib/lab/models.ts';
import { FakeClock } from './fake-clock.ts';

const GIB = 1024 ** 3;
const never = new AbortController().signal;
const MINUTE = 60_000;

function model(name: string): LabModel {
  const found = findModel(name);
  if (found === undefined) throw new Error(`no model ${name}`);
  return found;
}

const chat = model('lab-chat');
const small = model('lab-small');
const large = model('lab-large');

let clock: FakeClock;
let memory: ModelMemory;
const names = () => memory.list().map((loaded) => loaded.model.name);

/** Loads a model and gives it back at once. */
async function use(wanted: LabModel, keepAliveMs = MINUTE) {
  const lease = memory.acquire(wanted, keepAliveMs, never);
  await clock.advance(wanted.loadSeconds * 1_000);
  (await lease).release();
  await clock.advance(1);
  return lease;
}

beforeEach(() => {
  clock = new FakeClock();
  memory = new ModelMemory({ capacityBytes: 13 * GIB, clock, speed: 1 });
});

describe('the memory of the lab', () => {
  it('lets the first caller wait for the load and the next one not', async () => {
    expect((await use(chat)).loadMs).toBe(800);
    expect((await use(chat)).loadMs).toBe(0);
  });

  it('does not list a model that still loads', async () => {
    const lease = memory.acquire(chat, MINUTE, never);
    await clock.advance(799);
    expect(names()).toEqual([]);
    await clock.advance(1);
    expect(names()).toEqual([chat.name]);
    (await lease).release();
  });

  it('loads once for callers that come at the same time', async () => {
    const leases = [memory.acquire(chat, MINUTE, never), memory.acquire(chat, MINUTE, never)];
    await clock.advance(800);
    expect((await Promise.all(leases)).map(({ loadMs }) => loadMs)).toEqual([800, 800]);
  });

  it('divides load times by the speed', async () => {
    memory = new ModelMemory({ capacityBytes: 13 * GIB, clock, speed: 8 });
    expect((await use(chat)).loadMs).toBe(100);
  });

  it('evicts the idle model that was used longest ago, and no more than it must', async () => {
    memory = new ModelMemory({ capacityBytes: 16 * GIB, clock, speed: 1 });
    await use(chat);
    await use(small);
    await use(chat);
    await use(large);
    expect(names()).toEqual([chat.name, large.name]);
    await use(small);
    expect(names()).toEqual([large.name, small.name]);
  });

  it('never evicts a model in use: who needs its room waits', async () => {
    const held = memory.acquire(chat, MINUTE, never);
    await clock.advance(800);
    const waiting = memory.acquire(large, MINUTE, never);
    await clock.advance(10_000);
    expect(names()).toEqual([chat.name]);
    (await held).release();
    await clock.advance(2_500);
    (await waiting).release();
    expect(names()).toEqual([large.name]);
  });

  it('unloads after the keep-alive of the last use', async () => {
    await use(chat, MINUTE);
    await clock.advance(MINUTE - 2);
    expect(names()).toEqual([chat.name]);
    await clock.advance(2);
    expect(names()).toEqual([]);
  });

  it('unloads at once with a keep-alive of 0', async () => {
    await use(chat, 0);
    expect(names()).toEqual([]);
  });

  it('keeps a model for good with an endless keep-alive, and says so', async () => {
    await use(chat, Number.POSITIVE_INFINITY);
    await clock.advance(1_000 * MINUTE);
    expect(memory.list()).toEqual([{ model: chat, expiresAtMs: null }]);
  });

  it('unloads on request, once nobody uses the model', async () => {
    const lease = memory.acquire(chat, MINUTE, never);
    await clock.advance(800);
    memory.unload(chat);
    expect(names()).toEqual([chat.name]);
    (await lease).release();
    expect(names()).toEqual([]);
  });

  it('refuses a model that is larger than all its room', async () => {
    memory = new ModelMemory({ capacityBytes: 2 * GIB, clock, speed: 1 });
    await expect(memory.acquire(chat, MINUTE, never)).rejects.toMatchObject({ status: 500 });
  });

  it('goes on loading when the caller leaves, and holds nothing for it', async () => {
    const leaving = new AbortController();
    const left = memory.acquire(chat, MINUTE, leaving.signal);
    left.catch(() => {});
    await clock.advance(100);
    leaving.abort();
    await expect(left).rejects.toThrow();
    await clock.advance(700);
    expect(names()).toEqual([chat.name]);
    await clock.advance(MINUTE);
    expect(names()).toEqual([]);
  });
});
