import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface AttackOptions {
  /** The checkout whose server is attacked. */
  server: string;
  only: string[] | null;
  settleMs: number;
  json: string;
}

const EX_USAGE = 64;
const ROOT = join(import.meta.dirname, '..', '..');
const DEFAULT_SETTLE_S = 60;
const MAX_SETTLE_S = 600;

/** @returns the options, or the exit code when nothing is to be measured: after `--help` or wrong arguments */
export function attackOptions(args: string[], names: readonly string[]): AttackOptions | number {
  const usage = `npm run bench -- attack [options]
  --server FOLDER   attacks the server of another checkout (with its build), by the same scripts
  --only a,b        only these: ${names.join(', ')}
  --settle-s N      memory is looked at again after so many seconds (${DEFAULT_SETTLE_S}; at most ${MAX_SETTLE_S})
  --quick           --settle-s 5: a look, not a result
  --json FILE       where the results go (bench/results/attack.json)
`;
  try {
    const { values } = parseArgs({
      args,
      options: {
        server: { type: 'string', default: ROOT },
        only: { type: 'string' },
        'settle-s': { type: 'string' },
        quick: { type: 'boolean', default: false },
        json: { type: 'string', default: join(import.meta.dirname, '..', 'results', 'attack.json') },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(usage);
      return 0;
    }
    const settleS = Number(values['settle-s'] ?? (values.quick ? 5 : DEFAULT_SETTLE_S));
    if (!(settleS >= 0 && settleS <= MAX_SETTLE_S))
      throw new Error(`--settle-s takes 0 to ${MAX_SETTLE_S}, not ${values['settle-s']}\n`);
    const only = values.only?.split(',') ?? null;
    const unknown = only?.find((name) => !names.includes(name));
    if (unknown !== undefined) throw new Error(`no attack is called ${unknown}\n`);
    return { server: resolve(values.server), only, settleMs: settleS * 1_000, json: values.json };
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${usage}`);
    return EX_USAGE;
  }
}
