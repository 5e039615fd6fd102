import { afterEach, describe, expect, it } from 'vitest';
import { Calendar } from '#lib/allocation/calendar.ts';
import {
  Allocation,
  type AllocationParts,
  type AllocationSettings,
} from '#lib/allocation/live/allocation.ts';
import { GATEWAY_SERIES, type UsageRow } from '#lib/allocation/usage.ts';
import { type ResidentModel, WarmthKeeper, type WarmthServer } from '#lib/allocation/warmth/keeper.ts';
import { seededRandom } from '#lib/lab/random.ts';
import { startLabUpstream } from '#lib/lab/upstream.ts';
import { openMemory } from '#lib/store/database.ts';
import { UsageStore } from '#lib/store/usage-store.ts';
import { until } from '../support/until.ts';

const STEP = 5;
const SEASON = 300;
const SETTINGS: AllocationSettings = {
  mode: 'act',
  modes: {},
  limits: { connections: 40, workers: 20, cache_mb: 500 },
  quantile: 0.99,
  cold_start_worth: 60,
  keep_alive_s: 300,
};

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Two weeks of a season, with noise that the last value follows and a forecast need not. */
function history(nowS: number): UsageRow[] {
  const random = seededRandom(9);
  const rows: UsageRow[] = [];
  for (let atS = nowS - 14 * SEASON; atS < nowS - STEP; atS += STEP) {
    const usual = 10 + 8 * Math.sin((2 * Math.PI * atS) / SEASON);
    const demand = Math.round(usual * (0.5 + random()));
    for (const series of [GATEWAY_SERIES, 'lab'])
      rows.push({ series, atS, lastsS: STEP, requests: 10 * demand, demand, responseMs: 40 });
  }
  return rows;
}

function allocator(settings: AllocationSettings, usage = new UsageStore(openMemory(), () => {})) {
  const clock = { nowMs: 1_800_000_000_000 };
  const demand = { value: 0 };
  const upstreams = ['lab'];
  const applied: (number | null)[] = [];
  const events: string[] = [];
  const parts: AllocationParts = {
    now: () => clock.nowMs,
    usage,
    settings: () => settings,
    timing: { stepS: STEP, seasonS: SEASON, timezone: 'UTC' },
    collect: () => ({
      rows: [
        { series: GATEWAY_SERIES, requests: 10 * demand.value, responseMs: 40 },
        { series: 'lab', requests: 10 * demand.value, responseMs: 40 },
      ],
      models: [],
    }),
    demands: () => new Map([['lab', demand.value]]),
    configured: () => ({ connections: new Map(upstreams.map((name) => [name, 64])), cacheMb: 100 }),
    apply: {
      connections: (_, connections) => void applied.push(connections),
      workers: () => {},
      cache: () => {},
    },
    cpuPercent: () => 10,
    servers: () => [],
    onEvent: ({ type }) => void events.push(type),
  };
  const allocation = new Allocation(parts);
  closing.push(() => allocation.close());
  return { allocation, clock, demand, applied, events, upstreams, usage };
}

describe('the allocator', () => {
  it('learns from what was recorded, promotes what has skill, and sizes connections by it', async () => {
    const { allocation, clock, applied, events, usage } = allocator(SETTINGS);
    usage.write(history(clock.nowMs / 1_000));
    await allocation.start();
    const lab = allocation.targets().find(({ target }) => target === 'lab');
    expect(lab?.outlook?.standing.skill).toBeGreaterThan(0);
    expect(lab).toMatchObject({ mode: 'act', refusal: null });
    expect(events).toContain('allocation_promoted');
    expect(applied.at(-1)).toBe(lab?.recommended);
    expect(lab?.recommended).toBeLessThanOrEqual(SETTINGS.limits.connections);
  });

  it('never provides less than is needed just now, within a step too', async () => {
    const { allocation, clock, demand, applied, usage } = allocator(SETTINGS);
    usage.write(history(clock.nowMs / 1_000));
    await allocation.start();
    demand.value = 33;
    clock.nowMs += 1_000;
    allocation.tick();
    expect(applied.at(-1)).toBe(33);
    demand.value = 90;
    allocation.tick();
    expect(applied.at(-1)).toBe(SETTINGS.limits.connections);
  });

  it.each(['shadow', 'advise'] as const)(
    'changes nothing in the mode %s, and gives back what it took',
    async (mode) => {
      const settings = structuredClone(SETTINGS);
      const { allocation, clock, applied, usage } = allocator(settings);
      usage.write(history(clock.nowMs / 1_000));
      await allocation.start();
      expect(applied.at(-1)).not.toBeNull();
      settings.mode = mode;
      allocation.reconfigured();
      expect(applied.at(-1)).toBeNull();
      expect(allocation.targets().find(({ target }) => target === 'lab')).toMatchObject({
        mode,
        applied: 64,
      });
    },
  );

  it('sizes nothing of an upstream that is not configured any more', async () => {
    const { allocation, clock, upstreams, usage } = allocator(SETTINGS);
    usage.write(history(clock.nowMs / 1_000));
    await allocation.start();
    expect(allocation.targets().map(({ target }) => target)).toContain('lab');
    allocation.tick();
    upstreams.splice(0, 1, 'other');
    clock.nowMs += 2 * STEP * 1_000;
    allocation.tick();
    await until(() => !allocation.targets().some(({ target }) => target === 'lab'));
    expect(allocation.targets().map(({ target }) => target)).toContain('other');
  });

  it('demotes by itself when its skill turns', async () => {
    const { allocation, clock, demand, events, usage } = allocator(SETTINGS);
    usage.write(history(clock.nowMs / 1_000));
    await allocation.start();
    let step = 0;
    // Long plateaus at heights that were never seen: the last value is right, and a season is not.
    await until(async () => {
      for (let each = 0; each < 20; each += 1) {
        step += 1;
        clock.nowMs += STEP * 1_000;
        demand.value = 3 + 5 * (Math.floor(step / 37) % 7) ** 2;
        allocation.tick();
      }
      await allocation.forecasts.ask('outlooks');
      return events.includes('allocation_demoted');
    });
    expect(events).toContain('allocation_demoted');
  });

  it('says the same after a restart', async () => {
    const first = allocator(SETTINGS);
    first.usage.write(history(first.clock.nowMs / 1_000));
    await first.allocation.start();
    const again = allocator(SETTINGS, first.usage);
    await again.allocation.start();
    expect(again.allocation.outlook('lab', 'demand')).toEqual(first.allocation.outlook('lab', 'demand'));
  });

  it('is honest while it knows nothing, and takes a clock that was set back', async () => {
    const { allocation, clock } = allocator(SETTINGS);
    await allocation.start();
    expect(allocation.targets().every(({ mode }) => mode !== 'act')).toBe(true);
    allocation.tick();
    clock.nowMs -= 3_600_000;
    allocation.tick();
    allocation.tick();
    expect(allocation.outlook('lab', 'demand')?.ahead ?? []).toEqual([]);
  });
});

describe('models in memory', () => {
  const DAY = 86_400;

  function keeper(clock: { nowS: number }) {
    const events: string[] = [];
    const made = new WarmthKeeper({
      calendar: new Calendar(DAY),
      nowS: () => clock.nowS,
      worth: () => 600,
      defaultKeepAliveS: () => 300,
      onEvent: (type, { model }) => void events.push(`${type} ${model}`),
    });
    // Each day at eight for half an hour, for two weeks.
    for (let day = 0; day < 14; day += 1)
      for (let minute = 0; minute < 30; minute += 1) {
        const atS = day * DAY + 8 * 3_600 + minute * 60;
        made.learn([
          { series: 'lab/lab-small', atS, lastsS: 60, requests: 5, demand: 1, responseMs: 100 },
          {
            series: 'lab/lab-embed',
            atS: atS + 6 * 3_600,
            lastsS: 60,
            requests: 5,
            demand: 1,
            responseMs: 100,
          },
        ]);
      }
    return { made, events };
  }

  /** A real lab, over its own API, without a gateway in between. */
  async function lab(): Promise<WarmthServer & { loaded: () => Promise<string[]> }> {
    const started = await startLabUpstream({ name: 'lab', speed: 100 });
    closing.push(() => started.close());
    const post = async (body: object) => {
      const answer = await fetch(`${started.url}/api/generate`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(200);
      await answer.text();
    };
    const residents = async (): Promise<ResidentModel[]> => {
      const answer = (await (await fetch(`${started.url}/api/ps`)).json()) as {
        models: { model: string; size: number; expires_at: string }[];
      };
      return answer.models.map(({ model, size, expires_at }) => ({
        model,
        bytes: size,
        expiresAtS: Date.parse(expires_at) / 1_000,
      }));
    };
    return {
      name: 'lab',
      residents,
      keepWarm: (model, keepAliveS) => post({ model, keep_alive: `${Math.ceil(keepAliveS)}s` }),
      unload: (model) => post({ model, keep_alive: 0 }),
      loaded: async () => (await residents()).map(({ model }) => model),
    };
  }

  it('are brought in before they are usually wanted, and the ledger says what came of it', async () => {
    const clock = { nowS: 14 * DAY + 8 * 3_600 - 120 };
    const { made, events } = keeper(clock);
    const server = await lab();
    await made.look([server], true);
    expect(await server.loaded()).toEqual(['lab-small:latest']);
    expect(events).toContain('model_preloaded lab-small');
    clock.nowS += 180;
    made.used('lab', 'lab-small', null, clock.nowS);
    expect(made.ledger.entries(1)[0]).toMatchObject({
      outcome: 'used',
      wouldHaveBeenCold: true,
      reason: 'forecast',
    });
  });

  it('are left alone while it may not act', async () => {
    const clock = { nowS: 14 * DAY + 8 * 3_600 - 120 };
    const { made, events } = keeper(clock);
    const server = await lab();
    await made.look([server], false);
    expect(await server.loaded()).toEqual([]);
    expect(events).toEqual([]);
  });

  it('are let go when they are no longer worth it', async () => {
    const clock = { nowS: 14 * DAY + 8 * 3_600 - 120 };
    const { made, events } = keeper(clock);
    const server = await lab();
    await made.look([server], true);
    clock.nowS = 14 * DAY + 20 * 3_600;
    await made.look([server], true);
    // The first look after so long a pause does not know when it was last seen.
    clock.nowS += 30;
    await made.look([server], true);
    expect(await server.loaded()).toEqual([]);
    expect(events.at(-1)).toBe('model_unloaded lab-small');
    expect(made.ledger.preloads).toMatchObject({ wasted: 1 });
  });

  it('survive a server that does not answer', async () => {
    const { made } = keeper({ nowS: 14 * DAY });
    const dead: WarmthServer = {
      name: 'lab',
      residents: () => Promise.reject(new Error('no answer')),
      keepWarm: () => Promise.reject(new Error('no answer')),
      unload: () => Promise.reject(new Error('no answer')),
    };
    await made.look([dead], true);
    expect(made.list().every(({ loaded }) => loaded === null)).toBe(true);
  });
});
