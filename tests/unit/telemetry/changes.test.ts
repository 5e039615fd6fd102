import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Merge } from '#components/live/merge.ts';
import { ALL_UP_TO, type Component, type Snapshot, snapshotSchema } from '#lib/contracts/snapshot.ts';
import { Changes, MAX_COMPONENT_BYTES } from '#lib/telemetry/changes.ts';
import {
  componentWith,
  heldOpen,
  snapshotWith,
  upstreamWith,
  windowWith,
} from '../../support/snapshot-fixture.ts';

/** What a stream shows, of many more. */
type World = ReadonlyMap<string, Component>;

const NAMES = ['a.chat', 'a.embeddings', 'b.chat', 'c.chat', 'd.chat'];
const component = fc.record({
  name: fc.constantFrom(...NAMES),
  calls: fc.integer({ min: 0, max: 3 }),
  isHeld: fc.boolean(),
  isGone: fc.boolean(),
});
/** Of each second, what became of some components. */
const seconds = fc.array(fc.array(component, { maxLength: 4 }), { maxLength: 12 });

function whole(seq: number, world: World): Snapshot {
  const components = [...world.values()];
  const upstreams = [...new Set(components.map(({ upstream }) => upstream ?? ''))].map((name) =>
    upstreamWith(name, { in_flight: world.size }),
  );
  const snapshot = snapshotWith({ seq, components, upstreams });
  return { ...snapshot, totals: { ...snapshot.totals, components: ALL_UP_TO + 1 } };
}

function after(
  world: World,
  events: readonly { name: string; calls: number; isHeld: boolean; isGone: boolean }[],
) {
  const next = new Map(world);
  for (const { name, calls, isHeld, isGone } of events) {
    if (isGone) next.delete(name);
    else {
      next.set(name, componentWith(name, { window: windowWith({ calls }), ...(isHeld ? heldOpen() : {}) }));
    }
  }
  return next;
}

const shown = ({ components, upstreams }: Snapshot) => ({
  components: new Map(components.map((each) => [each.name, each])),
  upstreams: new Map(upstreams.map((each) => [each.name, each])),
});

describe('what has changed', () => {
  it('put upon the first snapshot gives the whole one of each second, from wherever a reader begins', () => {
    fc.assert(
      fc.property(seconds, fc.nat(), (plan, joined) => {
        let world: World = new Map([['a.chat', componentWith('a.chat')]]);
        const first = whole(0, world);
        const changes = new Changes(first);
        const [reader, late] = [new Merge(), new Merge()];
        reader.take(first);
        for (const [index, events] of plan.entries()) {
          world = after(world, events);
          const now = whole(index + 1, world);
          const frame = snapshotSchema.parse(changes.next(now));
          expect(frame.is_whole).toBe(false);
          const got = reader.take(frame);
          expect(got !== null && got !== 'missing' && shown(got)).toEqual(shown(now));
          if (index === joined % plan.length) late.take(now);
          else if (index > joined % plan.length) {
            const read = late.take(frame);
            expect(read !== null && read !== 'missing' && shown(read)).toEqual(shown(now));
          }
        }
      }),
    );
  });

  it('is nothing when nothing moves', () => {
    const world = new Map(NAMES.map((name) => [name, componentWith(name)]));
    const changes = new Changes(whole(1, world));
    expect(changes.next(whole(2, world))).toMatchObject({
      is_whole: false,
      components: [],
      upstreams: [],
      gone: { components: [], upstreams: [] },
    });
  });

  it('is everything while all components are shown', () => {
    const small = snapshotWith({ seq: 2, components: [componentWith('a.chat')] });
    expect(new Changes(small).next(small)).toBe(small);
  });

  it('has a bound: news of a state first, the rest by and by, none forgotten', () => {
    const many = Array.from({ length: 400 }, (_, index) => `u${index}.chat`);
    const busy = (calls: number) =>
      new Map(many.map((name) => [name, componentWith(name, { window: windowWith({ calls }) })]));
    const first = whole(1, busy(0));
    const changes = new Changes(first);
    const reader = new Merge();
    reader.take(first);
    const last = new Map(busy(1)).set('u399.chat', componentWith('u399.chat', heldOpen()));
    let frames = 0;
    for (;;) {
      const frame = changes.next(whole(frames + 2, last));
      const read = reader.take(frame);
      if (frame.components.length === 0) {
        expect(read !== null && read !== 'missing' && shown(read).components).toEqual(last);
        break;
      }
      frames += 1;
      expect(Buffer.byteLength(JSON.stringify(frame.components))).toBeLessThan(MAX_COMPONENT_BYTES * 1.01);
      if (frames === 1) expect(frame.components.map(({ name }) => name)).toContain('u399.chat');
    }
    expect(frames).toBeGreaterThan(2);
  });

  it('is told again of one that went back to what it was before it had room', () => {
    const filler = 'x'.repeat(MAX_COMPONENT_BYTES);
    const large = (name: string, calls: number) =>
      componentWith(name, { window: windowWith({ calls }), ...heldOpen(filler) });
    const world = (a: number, b: number) =>
      new Map([
        ['a.chat', large('a.chat', a)],
        ['b.chat', large('b.chat', b)],
      ]);
    const changes = new Changes(whole(1, world(0, 0)));
    expect(changes.next(whole(2, world(1, 1))).components.map(({ name }) => name)).toEqual(['a.chat']);
    // One who began now has b as it is; it must hear that it went back.
    expect(changes.next(whole(3, world(1, 0))).components).toEqual([large('b.chat', 0)]);
  });
});

describe('a reader', () => {
  const world = new Map(NAMES.map((name) => [name, componentWith(name)]));
  const part = (seq: number) => new Changes(whole(seq - 1, world)).next(whole(seq, world));

  it('asks anew when one is missing, when it has none, and after a restart of the server', () => {
    const reader = new Merge();
    expect(reader.take(part(2))).toBe('missing');
    reader.take(whole(1, world));
    expect(reader.take(part(3))).toBe('missing');
    expect(reader.take({ ...part(2), started_at: '2026-02-02T00:00:00.000Z' })).toBe('missing');
    reader.forget();
    expect(reader.take(part(2))).toBe('missing');
  });

  it('takes no second twice', () => {
    const reader = new Merge();
    reader.take(whole(5, world));
    expect(reader.take(part(5))).toBeNull();
    expect(reader.take(part(6))).toMatchObject({ seq: 6, is_whole: true });
  });
});
