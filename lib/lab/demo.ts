/** What `npm run demo` serves from, and the traffic that it sends: two labs, the second there for when the first fails. */
import { type Config, upstreamSchema } from '#lib/contracts/config.ts';
import { type WorkloadRequest, workloadRequestSchema } from '#lib/contracts/workload.ts';

export const DEMO_NOTICE =
  'Demo: two embedded labs, stand-ins and no AI models, and a seeded workload over real HTTP; open the Lab page to make one fail';

/** The configuration with the demo's upstreams in the place of its own. */
export function demoConfig(config: Config): Config {
  const labs = ['lab', 'lab-standby'].map((name) => upstreamSchema.parse({ name, kind: 'lab' }));
  return { ...config, upstreams: labs };
}

/** A day in five minutes, well within what one lab can carry at its peak. */
export function demoWorkload(): WorkloadRequest {
  return workloadRequestSchema.parse({
    shape: 'day',
    day_s: 300,
    rate_per_s: 12,
    prompts: 200,
    chat_model: 'lab-small',
    reason: 'demo',
  });
}
