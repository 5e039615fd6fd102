/** What the alerts and the dashboard ask for is there to be scraped. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../support/server.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'docs', 'deploy');
let server: RunningServer;
beforeAll(async () => {
  server = await startServer({ config: { upstreams: [{ name: 'lab', kind: 'lab' }] } });
});
afterAll(async () => {
  await server.stop();
});

it.each(['alerts.yaml', 'grafana-dashboard.json'])('%s names metrics that there are', async (file) => {
  const asked = new Set(
    [...readFileSync(join(FOLDER, file), 'utf8').matchAll(/\b(?:switchgear|gen_ai)_[a-z_]+\b/g)].map(
      ([name]) => name,
    ),
  );
  const labels = ['gen_ai_request_model'];
  const scraped = await (await fetch(`${server.url}/metrics`)).text();
  const known = [...scraped.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
  const missing = [...asked].filter(
    (name) => !labels.includes(name) && !known.includes(name.replace(/_bucket$/, '')),
  );
  expect(asked.size).toBeGreaterThan(2);
  expect(missing).toEqual([]);
});
