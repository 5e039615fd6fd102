/** A lab that crashes comes up again on another port; its upstream follows, and loses nothing that may still end. */
import { afterEach, describe, expect, it } from 'vitest';
import { BreakerRegistry } from '#lib/breaker/registry.ts';
import { configSchema } from '#lib/contracts/config.ts';
import { askUpstream } from '#lib/upstream/admin.ts';
import { type Lab, Upstreams } from '#lib/upstream/upstreams.ts';
import { json, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { until } from '../support/until.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

interface PlayedLab extends Lab {
  readonly held: (() => void)[];
  readonly crash: () => void;
  isClosed: boolean;
}

/** Upstreams whose labs answer by their number, when they are told to. */
async function serve(options: { hold?: Promise<void> } = {}) {
  const labs: PlayedLab[] = [];
  const startLab = async (): Promise<PlayedLab> => {
    const number = labs.length;
    if (number > 0) await options.hold;
    const held: (() => void)[] = [];
    const server = await ScriptedUpstream.start((_request, res) => {
      held.push(() => json(res, { number }));
    });
    let crash = () => {};
    const exited = new Promise<Error>((resolve) => {
      crash = () => resolve(new Error('crashed'));
    });
    const close = async () => {
      lab.isClosed = true;
      await server.close();
    };
    const lab: PlayedLab = { url: server.url, held, crash, exited, close, isClosed: false };
    labs.push(lab);
    open.push(server);
    return lab;
  };
  const upstreams = new Upstreams<PlayedLab>({
    now: Date.now,
    breakers: new BreakerRegistry({ now: Date.now, onTransition: () => {} }),
    startLab,
    onLabCrashed: () => {},
    gateOf: () => ({ dispatch: (pool, how, handler) => void pool.dispatch(how, handler) }),
    onUse: () => {},
  });
  open.push(upstreams);
  const apply = (configured: object[]) => upstreams.apply(configSchema.parse({ upstreams: configured }));
  await apply([{ name: 'lab', kind: 'lab' }]);
  const ask = async () => {
    const [upstream] = upstreams.list();
    return upstream === undefined ? '' : (await askUpstream(upstream, 'GET', '/api/version')).body;
  };
  return { labs, upstreams, apply, ask };
}

describe('a lab that crashes', () => {
  it('is followed to where it comes up again, and what still runs ends where it runs', async () => {
    const { labs, upstreams, ask } = await serve();
    const first = ask();
    await until(() => labs[0]?.held.length === 1);
    labs[0]?.crash();
    await until(() => labs[1] !== undefined && upstreams.list()[0]?.url === labs[1].url);
    const second = ask();
    await until(() => labs[1]?.held.length === 1);
    for (const { held } of labs) held[0]?.();
    expect([await first, await second]).toEqual(['{"number":0}', '{"number":1}']);
  });

  it('is closed when it was removed while it came up', async () => {
    let release = () => {};
    const hold = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { labs, upstreams, apply } = await serve({ hold });
    labs[0]?.crash();
    await apply([{ name: 'a', kind: 'openai', url: 'http://127.0.0.1:9' }]);
    release();
    await until(() => labs[1]?.isClosed === true);
    expect(upstreams.lab('lab')).toBeUndefined();
  });
});
