/**
 * The entry: one process, one port. Data-plane requests go straight to the gateway, everything else to Next.
 * SIGTERM and SIGINT drain: running requests end and their answers are written out, then every part is closed in
 * reverse order. A rejection that nobody handled is told, and all go on; after an exception that nobody caught it drains,
 * too (docs/decisions/0007).
 *
 * Exit codes (sysexits.h where it has a word): 0 drained, 1 unexpected, 69 address not to be had, 73 data directory
 * not writable, 78 configuration.
 */
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import next from 'next';
import { guardConsole } from '#lib/access/guard.ts';
import { ConfigError, formatFaults } from '#lib/config/faults.ts';
import { type LoadedConfig, loadConfig } from '#lib/config/load.ts';
import { type ConfigWatcher, watchConfig } from '#lib/config/watch.ts';
import { withConsoleBody } from '#lib/http/console-body.ts';
import { createHttpServer, drain, listen } from '#lib/http/server.ts';
import { DEMO_NOTICE, demoConfig, demoHistory } from '#lib/lab/demo.ts';
import { Runtime } from '#lib/runtime.ts';
import { setRuntime } from '#lib/runtime-handle.ts';
import { createLogger } from '#lib/telemetry/logger.ts';

const EXIT_UNAVAILABLE = 69;
const EXIT_CANT_CREATE = 73;
const EXIT_CONFIG = 78;

const dev = process.argv.includes('--dev');
const demo = process.argv.includes('--demo');
// Next reads it too, but only later; what the environment holds already stays.
if (existsSync('.env')) process.loadEnvFile('.env');
const loaded = readConfig();
const { environment } = loaded;
checkDataDir(environment.dataDir);
const logger = createLogger(environment.logLevel);
const { host, port } = loaded.config.listen;

let runtime: Runtime | null = null;
let consolePages: ReturnType<typeof next> | null = null;
let handlePage: ((req: IncomingMessage, res: ServerResponse) => Promise<void>) | null = null;
let watcher: ConfigWatcher | null = null;
let stopping = false;
let signals = 0;
/** The server no longer knows of these, and would wait for them for ever. */
const upgraded = new Set<Duplex>();

const server = createHttpServer(
  (req, res) => {
    if (runtime === null || handlePage === null) {
      sendNotReady(res);
      return;
    }
    if (runtime.gateway.handle(req, res)) return;
    if (!guardConsole(runtime.access, req, res, { dev })) return;
    if (runtime.streams.handle(req, res)) return;
    const handle = handlePage;
    withConsoleBody(req, res, runtime.bodies, (whole) => {
      handle(whole, res).catch((thrown: unknown) => failPage(res, thrown));
    });
  },
  { upgrades: dev },
);

process.on('unhandledRejection', (reason) => {
  if (runtime === null) throw reason;
  runtime.internalFaults.report('rejection', reason);
});
process.on('uncaughtException', (error) => {
  if (runtime === null) fail(1, `could not start: ${error.stack ?? error.message}`);
  runtime.internalFaults.report('exception', error);
  if (!stopping) end(1);
});
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
// Started by a script that is gone: nobody could stop this server any more.
process.on('disconnect', () => stop('SIGTERM'));
if (process.channel !== undefined && !process.connected) stop('SIGTERM');

// Bound before the rest is built, so that a port that is taken is told at once.
await listen(server, host, port).catch((thrown: NodeJS.ErrnoException) => {
  fail(EXIT_UNAVAILABLE, `cannot listen on ${host}:${port} (${thrown.code}); ${hintFor(thrown.code)}`);
});
consolePages = next({ dev, hostname: host, port, quiet: true });
await Promise.all([consolePages.prepare(), startRuntime()]);
handlePage = consolePages.getRequestHandler();
server.on('error', (thrown) => logger.error({ err: thrown }, 'a connection could not be accepted'));
const handleUpgrade = consolePages.getUpgradeHandler();
// Only the reloading of `npm run dev` upgrades; pages of other sites may not listen in.
server.on('upgrade', (req, socket, head) => {
  const { host, origin } = req.headers;
  const refusal = runtime?.access.checkSite({ method: 'POST', host, origin, secFetchSite: undefined });
  if (refusal !== null) {
    socket.destroy();
    return;
  }
  upgraded.add(socket);
  socket.once('close', () => upgraded.delete(socket));
  socket.on('error', () => socket.destroy());
  handleUpgrade(req, socket, head).catch((thrown: unknown) => {
    socket.destroy();
    logger.error({ err: thrown }, 'console upgrade failed');
  });
});
if (runtime === null) throw new Error('the runtime did not start');
announce(runtime);

async function startRuntime(): Promise<void> {
  const { dataDir } = environment;
  const config = demo ? demoConfig(loaded.config) : loaded.config;
  runtime = await Runtime.start({ config, logger, dataDir, ...(demo ? { notice: DEMO_NOTICE } : {}) });
  setRuntime(runtime);
  // A demo's upstreams are not those of the file.
  if (loaded.file !== null && loaded.digest !== null && !demo)
    watcher = watchFile(runtime, loaded.file, loaded.digest);
}

function watchFile(running: Runtime, path: string, current: string): ConfigWatcher {
  return watchConfig({
    path,
    current,
    load: (content) => loadConfig({ env: process.env, cwd: process.cwd(), content }).config,
    onChange: (config) => void running.reload(config).catch((thrown: Error) => running.refuseReload(thrown)),
    onRejected: (thrown) => running.refuseReload(thrown),
  });
}

function announce(running: Runtime): void {
  if (running.notice !== null) process.stdout.write(`${running.notice}\n`);
  process.stdout.write(`ready ${running.address.url} (OpenAI clients: ${running.address.url}/v1)\n`);
  if (!demo) return;
  process.stdout.write(`guided demo ${running.address.url}/lab/tour\n`);
  startDemo(running).catch((thrown: unknown) => running.reportError(thrown));
}

async function startDemo(running: Runtime): Promise<void> {
  const nowS = Date.now() / 1_000;
  // Its first step, all well, lasts until somebody goes on.
  await running.tour.start({ auto: false }, 'demo');
  const rows = demoHistory(nowS);
  const imported = await running.predictions.import(rows);
  running.audit({ action: 'operator_import', by: 'demo', after: { rows: rows.length, imported } });
}

function stop(signal: NodeJS.Signals): void {
  signals += 1;
  // A second signal means that the operator will not wait.
  if (signals > 1) process.exit(signal === 'SIGINT' ? 130 : 143);
  if (!stopping) end(0);
}

function end(exitCode: number): void {
  stopping = true;
  close().then(
    () => process.exit(exitCode),
    (thrown: unknown) => fail(1, `could not stop in order: ${String(thrown)}`),
  );
}

async function close(): Promise<void> {
  logger.info('draining');
  runtime?.drain();
  watcher?.close();
  for (const socket of upgraded) socket.destroy();
  const clean = await drain(server);
  if (!clean) logger.warn('some requests did not end within the drain deadline');
  await consolePages?.close();
  await runtime?.close();
}

function readConfig(): LoadedConfig {
  try {
    return loadConfig({ env: process.env, cwd: process.cwd() });
  } catch (thrown) {
    if (thrown instanceof ConfigError)
      fail(EXIT_CONFIG, `the configuration is not valid\n${formatFaults(thrown.faults)}`);
    throw thrown;
  }
}

function checkDataDir(dataDir: string): void {
  try {
    makeDirectory(dataDir);
    accessSync(dataDir, constants.W_OK | constants.X_OK);
  } catch (thrown) {
    const reason = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown';
    fail(
      EXIT_CANT_CREATE,
      `the data directory ${dataDir} is not writable (${reason}); set SWITCHGEAR_DATA_DIR to another one`,
    );
  }
}

/** Level by level: told to do it all, Node turns for ever where making one answers that its parent is missing. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  mkdirSync(path);
}

function sendNotReady(res: ServerResponse): void {
  const body = JSON.stringify({ error: { code: 'not_ready', message: 'Switchgear is starting' } });
  const headers = {
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
    'retry-after': '1',
  };
  res.writeHead(503, headers).end(body);
}

function failPage(res: ServerResponse, thrown: unknown): void {
  logger.error({ err: thrown }, 'console request failed');
  if (res.headersSent) res.destroy();
  else
    res
      .writeHead(500, { 'content-type': 'application/json' })
      .end('{"error":{"code":"internal","message":"Internal error"}}');
}

function hintFor(code: string | undefined): string {
  if (code === 'EADDRINUSE') return 'another process uses that port; set PORT to another one';
  if (code === 'EACCES') return 'ports below 1024 need privileges; set PORT to another one';
  return 'set HOST and PORT to an address of this machine';
}

function fail(exitCode: number, message: string): never {
  process.stderr.write(`switchgear: ${message}\n`);
  process.exit(exitCode);
}
