/** Named, seeded workloads: who asks again for what, and how large the answers are. */
import { seededRandom } from '#lib/lab/random.ts';
import { zipfSampler } from '#lib/lab/workload/zipf.ts';

export interface Workload {
  readonly name: string;
  readonly meaning: string;
  /** The keys that are looked for, in their order, as small whole numbers. */
  readonly keys: () => Generator<number>;
  /** Bytes of the answer to a key. */
  readonly bytesOf: (key: number) => number;
}

const SEED = 1;
const spreadOf = (key: number) => (key * 0.618_033_988_749_895) % 1;
/** From 1 KB to 7 KB, 4 KB on average. */
const chatBytes = (key: number) => 1_024 + Math.floor(spreadOf(key) * 6 * 1_024);
/** 1,536 floats of 32 bits. */
const VECTOR_BYTES = 1_536 * 4;

const FAQ = { questions: 50_000, asked: 500_000 } as const;
const AGENTS = { sessions: 200, steps: 1_000, repeats: 0.4, recent: 12 } as const;
const INDEX = { passages: 12_000, runs: 4, changed: 0.05 } as const;
const FREE = { asked: 200_000, repeats: 0.01, recent: 5_000 } as const;

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'FAQ',
    meaning: `${FAQ.asked.toLocaleString('en')} questions out of ${FAQ.questions.toLocaleString('en')}, by Zipf 1.0, answers of 4 KB`,
    *keys() {
      const draw = zipfSampler(FAQ.questions, 1, seededRandom(SEED));
      for (let i = 0; i < FAQ.asked; i += 1) yield draw();
    },
    bytesOf: chatBytes,
  },
  {
    name: 'agent loop',
    meaning: `${AGENTS.sessions} agents at a time that repeat one of their last ${AGENTS.recent} calls ${AGENTS.repeats * 100} % of the time`,
    *keys() {
      const random = seededRandom(SEED);
      const recent: number[][] = Array.from({ length: AGENTS.sessions }, () => []);
      let next = 0;
      for (let i = 0; i < AGENTS.sessions * AGENTS.steps; i += 1) {
        const own = recent[Math.floor(random() * AGENTS.sessions)] ?? [];
        const known = own[Math.floor(random() * own.length)];
        if (known !== undefined && random() < AGENTS.repeats) yield known;
        else {
          own.push(next);
          if (own.length > AGENTS.recent) own.shift();
          yield next;
          next += 1;
        }
      }
    },
    bytesOf: chatBytes,
  },
  {
    name: 're-index',
    meaning: `${INDEX.passages.toLocaleString('en')} passages embedded ${INDEX.runs} times, ${INDEX.changed * 100} % of them changed in between`,
    *keys() {
      const random = seededRandom(SEED);
      const version = new Int32Array(INDEX.passages);
      for (let run = 0; run < INDEX.runs; run += 1) {
        for (let passage = 0; passage < INDEX.passages; passage += 1) {
          if (run > 0 && random() < INDEX.changed) version[passage] = run;
          yield passage * INDEX.runs + (version[passage] ?? 0);
        }
      }
    },
    bytesOf: () => VECTOR_BYTES,
  },
  {
    name: 'free chat',
    meaning: `${FREE.asked.toLocaleString('en')} questions, 1 % of them one of the last ${FREE.recent.toLocaleString('en')} again`,
    *keys() {
      const random = seededRandom(SEED);
      let next = 0;
      for (let i = 0; i < FREE.asked; i += 1) {
        if (next > 0 && random() < FREE.repeats)
          yield next - 1 - Math.floor(random() * Math.min(next, FREE.recent));
        else {
          yield next;
          next += 1;
        }
      }
    },
    bytesOf: chatBytes,
  },
];
