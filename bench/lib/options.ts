/** The two options that the smaller benchmarks take, read and explained in one way. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

export interface SmallOptions {
  quick: boolean;
  /** Where the results go. */
  json: string;
}

const EX_USAGE = 64;

/** @returns the options, or the exit code when nothing is to be measured: after `--help` or wrong arguments */
export function smallOptions(name: string, quickMeans: string, args: string[]): SmallOptions | number {
  const usage = `npm run bench -- ${name} [options]
  --quick         ${quickMeans}: a look, not a result
  --json FILE     where the results go (bench/results/${name}.json)
`;
  try {
    const { values } = parseArgs({
      args,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'string', default: join(import.meta.dirname, '..', 'results', `${name}.json`) },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (!values.help) return values;
    process.stdout.write(usage);
    return 0;
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${usage}`);
    return EX_USAGE;
  }
}
