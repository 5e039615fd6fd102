/**
 * Scores a running server: drives what has to be driven (the sandbox breaker, a drill, traffic, the load test), then
 * prints each check with its evidence. Exit codes: 0 at 100 points, 1 below, 2 when the server cannot be reached.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { drillSchema } from '#lib/contracts/drills.ts';
import { loadTestSchema, type Score, scoreSchema } from '#lib/contracts/score.ts';
import { upstreamListSchema } from '#lib/contracts/upstreams.ts';
import { workloadSchema } from '#lib/contracts/workload.ts';
import { table } from '../../bench/lib/table.ts';

const EX_USAGE = 64;
const UNREACHABLE = 2;
/** Not more often: each answer of the control plane slows the hits that are being measured. */
const POLL_MS = 2_000;
const DRILL_S = 15;
const TRAFFIC_S = 20;
const MOST_WAIT_MS = 300_000;
const USAGE = `usage: npm run validate -- [--url http://127.0.0.1:8003] [--json] [--observe]

  --observe  only reads the score: no drill, no traffic, no load test

The admin token, where the server has one, is read from SWITCHGEAR_ADMIN_TOKEN. Drills and traffic are sent only to labs.
`;

class Unreachable extends Error {}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function main(): Promise<number> {
  let options: { url: string; json: boolean; observe: boolean; help: boolean };
  try {
    options = parseArgs({
      options: {
        url: { type: 'string', default: 'http://127.0.0.1:8003' },
        json: { type: 'boolean', default: false },
        observe: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
    new URL(options.url);
  } catch (thrown) {
    process.stderr.write(`${messageOf(thrown)}\n\n${USAGE}`);
    return EX_USAGE;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const call = callerOf(options.url.replace(/\/+$/, ''));
  try {
    await call('GET', '/api/score');
    const troubles = options.observe ? [] : await drive(call);
    const score = scoreSchema.parse((await call('GET', '/api/score')).body);
    process.stdout.write(
      options.json ? `${JSON.stringify({ ...score, troubles }, null, 2)}\n` : report(score, troubles),
    );
    return score.score >= 100 ? 0 : 1;
  } catch (thrown) {
    process.stderr.write(`${messageOf(thrown)}\n`);
    return thrown instanceof Unreachable ? UNREACHABLE : 1;
  }
}

type Call = (method: string, path: string, body?: object) => Promise<Answer>;

function callerOf(url: string): Call {
  const token = process.env.SWITCHGEAR_ADMIN_TOKEN;
  return async (method, path, body) => {
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch {
      throw new Unreachable(`no server answers at ${url}`);
    }
    const answer = { status: response.status, body: await response.json().catch(() => null) };
    if (response.ok || (response.status >= 400 && path !== '/api/score')) return answer;
    throw new Unreachable(`${url}${path} answered ${response.status}: ${refusalIn(answer)}`);
  };
}

/** @returns what could not be driven, in words */
async function drive(call: Call): Promise<string[]> {
  const troubles: string[] = [];
  const tried = async (what: string, run: () => Promise<void>) => {
    say(what);
    try {
      await run();
    } catch (thrown) {
      if (thrown instanceof Unreachable) throw thrown;
      troubles.push(`${what}: ${messageOf(thrown)}`);
    }
  };
  await tried('sandbox breaker', async () => {
    expectOk(await call('POST', '/api/test/circuit-breaker/trigger-failure/test'));
    expectOk(await call('POST', '/api/test/circuit-breaker/reset/test'));
  });
  const { upstreams } = upstreamListSchema.parse((await call('GET', '/api/upstreams')).body);
  const lab = upstreams.find((each) => each.lab);
  if (lab === undefined)
    troubles.push('drill and traffic: no upstream is a lab, and real ones are left alone');
  else {
    await tried(`traffic for ${TRAFFIC_S} s`, () => traffic(call));
    await tried(`drill of ${lab.name}.completions`, () => drill(call, `${lab.name}.completions`));
  }
  await tried('load test', () => loadTest(call));
  return troubles;
}

async function traffic(call: Call): Promise<void> {
  const { state } = workloadSchema.parse((await call('GET', '/api/lab/workload')).body);
  // What runs already is left to run, and is traffic.
  if (state !== 'running') {
    const asked = {
      shape: 'steady',
      rate_per_s: 40,
      duration_s: TRAFFIC_S,
      prompts: 40,
      reason: 'validation',
    };
    expectOk(await call('POST', '/api/lab/workload', { ...asked, chat_model: 'lab-small' }));
  }
  await pause(TRAFFIC_S * 1_000);
  await untilOver(async () => {
    const now = workloadSchema.parse((await call('GET', '/api/lab/workload')).body);
    return state === 'running' || now.state !== 'running';
  });
}

async function drill(call: Call, component: string): Promise<void> {
  const order = { component, fault: 'error', rate: 1, duration_s: DRILL_S, reason: 'validation' };
  const { id } = drillSchema.parse(expectOk(await call('POST', '/api/lab/drills', order)));
  let last = 'running';
  await untilOver(async () => {
    const now = drillSchema.parse((await call('GET', `/api/lab/drills/${id}`)).body);
    last = now.status;
    return now.status !== 'running';
  });
  if (last !== 'passed') throw new Error(`it ${last}`);
}

async function loadTest(call: Call): Promise<void> {
  expectOk(await call('POST', '/api/score/load-test', { reason: 'validation' }));
  let step: string | null = null;
  let message: string | null = null;
  await untilOver(async () => {
    const now = loadTestSchema.parse((await call('GET', '/api/score/load-test')).body);
    if (now.step !== null && now.step !== step) say(`  ${now.step}`);
    step = now.step;
    message = now.message;
    return now.state !== 'running';
  });
  if (message !== null) throw new Error(message);
}

async function untilOver(isOver: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + MOST_WAIT_MS;
  while (!(await isOver())) {
    if (performance.now() > deadline) throw new Error(`not over after ${MOST_WAIT_MS / 1_000} s`);
    await pause(POLL_MS);
  }
}

const STATUS = {
  passed: 'passed',
  partly: 'partly',
  failed: 'FAILED',
  not_measured: 'not measured',
  expired: 'expired',
} as const;

function report({ score, checks }: Score, troubles: readonly string[]): string {
  const rows = checks.map(({ title, points, of, status, evidence }) => [
    title,
    `${points}/${of}`,
    STATUS[status],
    evidence,
  ]);
  const notes = troubles.map((trouble) => `not driven: ${trouble}\n`).join('');
  return `\n${table(['check', 'points', 'status', 'evidence'], rows)}\n\n${notes}score ${score}/100\n`;
}

function expectOk(answer: Answer): unknown {
  if (answer.status < 300) return answer.body;
  throw new Error(`status ${answer.status}: ${refusalIn(answer)}`);
}

function refusalIn({ body }: Answer): string {
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : null;
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : 'no reason given';
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

process.exitCode = await main();
