/** `npm run bench -- NAME [options]`: runs one benchmark by name, all of them without a name. */
import { runAttackBench } from './attack/main.ts';
import { runBatchingBench } from './batching/main.ts';
import { runBreakerBench } from './breaker/main.ts';
import { runCacheBench } from './cache/main.ts';
import { runConsoleBench } from './console/main.ts';
import { runCpuBench } from './cpu/main.ts';
import { runForecastBench } from './forecast/main.ts';
import { runHitRateBench } from './hit-rate/main.ts';
import { runPagesBench } from './pages/main.ts';
import { runProxyBench } from './proxy/main.ts';
import { runSizeBench } from './size/main.ts';
import { runTelemetryBench } from './telemetry/main.ts';

const BENCHES: Record<string, (args: string[]) => Promise<number>> = {
  proxy: runProxyBench,
  cpu: runCpuBench,
  telemetry: runTelemetryBench,
  console: runConsoleBench,
  size: runSizeBench,
  pages: runPagesBench,
  breaker: runBreakerBench,
  cache: runCacheBench,
  batching: runBatchingBench,
  'hit-rate': runHitRateBench,
  forecast: runForecastBench,
  attack: runAttackBench,
};
const EX_USAGE = 64;

const [first, ...rest] = process.argv.slice(2);
const named = first !== undefined && !first.startsWith('-');
const names = named ? [first] : Object.keys(BENCHES);
const args = named ? rest : process.argv.slice(2);
for (const name of names) {
  const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (bench === undefined) {
    process.stderr.write(`no benchmark is called ${name}; there is: ${Object.keys(BENCHES).join(', ')}\n`);
    process.exit(EX_USAGE);
  }
  process.exitCode = Math.max(Number(process.exitCode ?? 0), await bench(args));
}
