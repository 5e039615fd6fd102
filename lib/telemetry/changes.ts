/**
 * What of a snapshot has to be sent to those who have the one before. While all components are shown it is all of it.
 * Otherwise it is the components and upstreams that changed; of the components as many as a frame has room for, news of
 * a state first, then those that have waited longest. A whole snapshot has everything at any time.
 */
import type { Snapshot } from '#lib/contracts/snapshot.ts';

/** Of the components in one frame. Together with all else it keeps a second below 100 kB. */
export const MAX_COMPONENT_BYTES = 40_000;

interface Sent {
  readonly text: string;
  readonly state: string;
}

interface Waiting {
  readonly sinceSeq: number;
  readonly isNews: boolean;
}

export class Changes {
  /** As they were in the snapshot before. */
  #components = new Map<string, Sent>();
  #upstreams = new Map<string, string>();
  /** Components that have changed and had no room yet. */
  readonly #waiting = new Map<string, Waiting>();

  /** @param whole the first one that a listener has */
  constructor(whole: Snapshot) {
    this.#keep(whole);
  }

  /** @param whole what the stream shows a second later */
  next(whole: Snapshot): Snapshot {
    const [components, upstreams] = [this.#components, this.#upstreams];
    this.#keep(whole);
    if (whole.components.length === whole.totals.components) {
      this.#waiting.clear();
      return whole;
    }
    for (const [name, { text, state }] of this.#components) {
      const before = components.get(name);
      if (before?.text === text) continue;
      const waiting = this.#waiting.get(name);
      const isNews = before?.state !== state || waiting?.isNews === true;
      this.#waiting.set(name, { sinceSeq: waiting?.sinceSeq ?? whole.seq, isNews });
    }
    const gone = missing(components, this.#components);
    for (const name of gone) this.#waiting.delete(name);
    const sent = this.#choose();
    return {
      ...whole,
      is_whole: false,
      components: whole.components.filter(({ name }) => sent.has(name)),
      upstreams: whole.upstreams.filter(({ name }) => upstreams.get(name) !== this.#upstreams.get(name)),
      gone: { components: gone, upstreams: missing(upstreams, this.#upstreams) },
    };
  }

  #choose(): ReadonlySet<string> {
    const order = [...this.#waiting].sort(
      ([, a], [, b]) => Number(b.isNews) - Number(a.isNews) || a.sinceSeq - b.sinceSeq,
    );
    const chosen = new Set<string>();
    let bytes = 0;
    for (const [name] of order) {
      bytes += Buffer.byteLength(this.#components.get(name)?.text ?? '');
      // One always goes, however large it is.
      if (bytes > MAX_COMPONENT_BYTES && chosen.size > 0) break;
      chosen.add(name);
      this.#waiting.delete(name);
    }
    return chosen;
  }

  #keep({ components, upstreams }: Snapshot): void {
    this.#components = new Map(
      components.map((component) => {
        const { name, state, hold } = component;
        return [name, { text: JSON.stringify(component), state: `${state} ${hold?.id ?? ''}` }];
      }),
    );
    this.#upstreams = new Map(upstreams.map((upstream) => [upstream.name, JSON.stringify(upstream)]));
  }
}

function missing(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): string[] {
  return [...before.keys()].filter((name) => !after.has(name));
}
