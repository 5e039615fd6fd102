/** The proxy benchmark: the same upstream reached directly and through each gateway, in one run. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { start, stop, stopAll, track } from '../lib/children.ts';
import { startMock } from '../lib/mock.ts';
import { LoadGenerator } from '../lib/orders.ts';
import { accepts, freePort, waitUntilReady } from '../lib/ports.ts';
import { checkAnswer } from './check.ts';
import { judge } from './goals.ts';
import { measure } from './measure.ts';
import { startNginx } from './nginx.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { startPortkey } from './portkey.ts';
import { formatReport, type NotMeasured } from './report.ts';
import { type Summary, summarize } from './summary.ts';
import { startSwitchgear } from './switchgear.ts';
import { endpointAt, type StartTarget, type Target, type TargetName } from './target.ts';

const EX_USAGE = 64;
const READY_MS = 5_000;
const STARTERS: Record<TargetName, StartTarget> = {
  direct: async ({ mockPort }) => ({
    name: 'direct',
    version: '',
    endpoint: endpointAt(mockPort),
    started: null,
  }),
  'pass-through': startPassThrough,
  nginx: startNginx,
  portkey: startPortkey,
  switchgear: startSwitchgear,
};

/** @returns the exit code */
export async function runProxyBench(args: string[]): Promise<number> {
  let options: Options | 'help';
  try {
    options = parseOptions(args);
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${USAGE}`);
    return EX_USAGE;
  }
  if (options === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-bench-'));
  const cleanUp = async () => {
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  };
  let interrupted: number | null = null;
  const onSignal = (code: number) => {
    // A terminal's Ctrl-C comes twice, from the terminal and from npm.
    if (interrupted !== null) return;
    interrupted = code;
    void cleanUp().finally(() => process.exit(code));
  };
  process.on('SIGINT', () => onSignal(130));
  process.on('SIGTERM', () => onSignal(143));
  try {
    return await runAll(options, folder);
  } catch (thrown) {
    // What was interrupted fails in whatever way; the signal is the reason.
    if (interrupted !== null) return interrupted;
    throw thrown;
  } finally {
    await cleanUp();
  }
}

async function runAll(options: Options, folder: string): Promise<number> {
  const mockPort = await startMock();
  const { targets, notMeasured } = await startTargets(options, mockPort, folder);
  const generator = new LoadGenerator();
  track(generator.process);
  const measured = await measure(targets, generator, mockPort, options, say);
  const direct = measured.find(({ name }) => name === 'direct');
  const summaries = measured.map((each) => summarize(each, direct));
  const verdicts = judge(summaries);
  process.stdout.write(`\n${formatReport(summaries, notMeasured, verdicts)}`);
  writeJson(options, { summaries, notMeasured, verdicts, rounds: measured });
  say(`written to ${options.jsonFile}`);
  return options.assert && verdicts.some(({ reached }) => reached !== true) ? 1 : 0;
}

async function startTargets(options: Options, mockPort: number, folder: string) {
  const targets: Target[] = [];
  const notMeasured: NotMeasured[] = [];
  for (const name of options.only) {
    const own = join(folder, name);
    mkdirSync(own, { recursive: true });
    let target: Target | null = null;
    try {
      target = await STARTERS[name]({ mockPort, folder: own, say });
      await checkAnswer(target);
      targets.push(target);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      say(`${name}: not measured: ${reason}`);
      notMeasured.push({ name, reason });
      if (target?.started != null) await stop(target.started.child);
    }
  }
  return { targets, notMeasured };
}

async function startPassThrough({ mockPort, folder }: Parameters<StartTarget>[0]): Promise<Target> {
  const port = await freePort();
  const script = join(import.meta.dirname, 'pass-through.ts');
  const started = start(process.execPath, [script, String(port), String(mockPort)], {
    cwd: folder,
    env: { ...process.env, NODE_ENV: 'production' },
  });
  await waitUntilReady(started, () => accepts(port), READY_MS);
  return { name: 'pass-through', version: 'node:http', endpoint: endpointAt(port), started };
}

function writeJson(options: Options, results: { summaries: Summary[] } & Record<string, unknown>): void {
  const machine = { node: process.version, platform: process.platform, cpus: cpus().length };
  const at = new Date().toISOString();
  mkdirSync(dirname(options.jsonFile), { recursive: true });
  writeFileSync(options.jsonFile, `${JSON.stringify({ at, machine, options, ...results }, null, 2)}\n`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
