/** What the commands share that set up what is missing and then run one program of the checkout. */
import { NODE } from './paths.mjs';
import { failWith, run, stopChildrenOnSignal } from './run.mjs';
import { environment, setUp } from './setup.mjs';

/**
 * Runs a program with this command's own arguments, and ends with its exit code.
 * @param program its path; @param build whether it needs the console built; @param cwd where it runs
 */
export async function launch(program, { build, cwd }) {
  stopChildrenOnSignal();
  try {
    await setUp({ build });
    const { code } = await run(NODE, [program, ...process.argv.slice(2)], { cwd, env: environment() });
    process.exitCode = typeof code === 'number' ? code : 1;
  } catch (error) {
    failWith(error);
  }
}

/** Where the command was typed: files are named from there. */
export const TYPED_IN = process.env.INIT_CWD ?? process.cwd();
