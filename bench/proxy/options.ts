import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { TARGETS, type TargetName } from './target.ts';

export interface Options {
  rounds: number;
  roundMs: number;
  warmUpMs: number;
  firstTokenRuns: number;
  only: readonly TargetName[];
  jsonFile: string;
  /** A missed goal is a failure. */
  assert: boolean;
}

export const USAGE = `npm run bench -- proxy [options]
  --quick         one round of 2 s: a look, not a result
  --rounds N      how many rounds (5)
  --only A,B      of ${TARGETS.join(', ')}
  --json FILE     where the results go (bench/results/proxy.json)
  --assert        exit 1 when a goal is missed
`;

const MAX_ROUNDS = 1_000;

/** @throws Error that says what is wrong with the arguments */
export function parseOptions(args: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      json: { type: 'string', default: join(import.meta.dirname, '..', 'results', 'proxy.json') },
      assert: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const rounds = values.rounds === undefined ? (values.quick ? 1 : 5) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS)
    throw new Error(`--rounds takes a number from 1 to ${MAX_ROUNDS}, not ${values.rounds}`);
  return {
    rounds,
    roundMs: values.quick ? 2_000 : 5_000,
    warmUpMs: values.quick ? 1_000 : 2_000,
    firstTokenRuns: values.quick ? 20 : 30,
    only: values.only === undefined ? TARGETS : [...new Set(values.only.split(',').map(targetNamed))],
    jsonFile: values.json,
    assert: values.assert,
  };
}

function targetNamed(name: string): TargetName {
  const target = TARGETS.find((candidate) => candidate === name.trim());
  if (target === undefined) throw new Error(`--only takes ${TARGETS.join(', ')}, not ${name}`);
  return target;
}
