import { describe, expect, it } from 'vitest';
import { ALL_UP_TO, SHOWN, type Snapshot } from '#lib/contracts/snapshot.ts';
import type { Standing } from '#lib/contracts/worst-first.ts';
import { Shown } from '#lib/telemetry/shown.ts';
import { MAX_VIEWS, Snapshots } from '#lib/telemetry/snapshots.ts';
import { componentWith, heldOpen, snapshotWith, windowWith } from '../../support/snapshot-fixture.ts';

const named = (count: number) => Array.from({ length: count }, (_, index) => componentWith(`u${index}.chat`));

function setUp(components: readonly Standing[] = named(3)) {
  let composed = 0;
  const shown: (readonly string[])[] = [];
  const snapshots = new Snapshots(
    (seq) => {
      composed += 1;
      return {
        components,
        show: (names): Snapshot => {
          shown.push(names);
          return snapshotWith({ seq, components: names.map((name) => componentWith(name)) });
        },
      };
    },
    () => 0,
  );
  return { snapshots, shown, composed: () => composed };
}

const read = (frame: Buffer): Snapshot => JSON.parse(frame.toString().replace(/^data: |\n\n$/g, ''));

describe('snapshots', () => {
  it('are serialised once for all listeners, and not at all without any', () => {
    const { snapshots, composed } = setUp();
    snapshots.tick(() => []);
    expect(composed()).toBe(0);
    const frames: Buffer[] = [];
    const view = snapshots.view([]);
    const stops = [1, 2, 3].map(() => view.subscribe((frame) => frames.push(frame)));
    snapshots.tick(() => []);
    expect(composed()).toBe(1);
    expect(new Set(frames).size).toBe(1);
    const [frame = Buffer.alloc(0)] = frames;
    expect(read(frame)).toMatchObject({ seq: 2, is_whole: true });
    expect(view.latest()).toBe(frame);
    for (const stop of stops) stop();
    snapshots.tick(() => []);
    expect(composed()).toBe(1);
  });

  it('are composed once for all views, and each view has its own', () => {
    const { snapshots, shown, composed } = setUp(named(ALL_UP_TO + 50));
    for (const asked of [[], ['u149.chat']]) snapshots.view(asked).subscribe(() => {});
    snapshots.tick(() => []);
    expect(composed()).toBe(1);
    expect(shown.map((names) => names.includes('u149.chat'))).toEqual([false, true]);
  });

  it('have a bound on views', () => {
    const { snapshots } = setUp();
    const stops = Array.from({ length: MAX_VIEWS }, (_, index) =>
      snapshots.view([`u${index}.chat`]).subscribe(() => {}),
    );
    expect(() => snapshots.view(['u999.chat'])).toThrow('different choices');
    stops[0]?.();
    expect(snapshots.view(['u999.chat']).asked).toEqual(['u999.chat']);
  });
});

describe('what is shown of many', () => {
  const quiet = named(ALL_UP_TO + 100);
  const pick = (all: readonly Standing[], asked: readonly string[] = [], shown = new Shown(), nowMs = 0) => {
    shown.look(all, nowMs);
    return shown.of(all, asked);
  };
  const changed = (name: string, given: Parameters<typeof componentWith>[1]) =>
    quiet.map((each) => (each.name === name ? componentWith(name, given) : each));

  it('is all of them, up to a number', () => {
    expect(pick(quiet.slice(0, ALL_UP_TO))).toHaveLength(ALL_UP_TO);
    expect(pick(quiet.slice(0, ALL_UP_TO + 1))).toHaveLength(SHOWN);
  });

  it('are those in trouble, those that are called, those that were asked for', () => {
    expect(pick(changed('u180.chat', { state: 'open' }))).toContain('u180.chat');
    expect(pick(changed('u181.chat', heldOpen()))).toContain('u181.chat');
    expect(pick(changed('u182.chat', { window: windowWith({ calls: 1 }) }))).toContain('u182.chat');
    const asked = pick(quiet, ['u183.chat', 'nobody.chat']);
    expect(asked).toContain('u183.chat');
    expect(asked).toHaveLength(SHOWN);
  });

  it('changes at once with a state, and with mere figures only now and then', () => {
    const shown = new Shown();
    const busy = changed('u190.chat', { window: windowWith({ calls: 1 }) });
    expect(pick(quiet, [], shown)).not.toContain('u190.chat');
    expect(pick(busy, [], shown, 9_999)).not.toContain('u190.chat');
    expect(pick(busy, [], shown, 10_000)).toContain('u190.chat');
    expect(pick(changed('u191.chat', { state: 'half_open' }), [], shown, 10_001)).toContain('u191.chat');
  });
});
