/** The Score and Audit pages: what was measured, and who did what. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withConsole } from '../support/console.ts';

const tested = withConsole({ upstreams: [{ name: 'lab', kind: 'lab' }] });

const check = (title: string) => tested.page.getByRole('listitem').filter({ hasText: title });

it('gives no points for what was not measured, then runs the load test and shows its figures', async () => {
  await tested.page.goto(`${tested.url}/score`);
  await check('Throughput of cache hits').getByText('not measured').waitFor();
  await tested.page.getByRole('button', { name: 'Run it' }).click();
  const dialog = tested.page.getByRole('dialog');
  await dialog.getByLabel('Seconds of each round').fill('1');
  await dialog.getByRole('button', { name: 'Run it' }).click();
  await tested.page.getByRole('button', { name: 'Stop' }).waitFor();
  await tested.page.getByText(/hits\/s, p50 .* of bare node:http/).waitFor({ timeout: 60_000 });
  await check('Throughput of cache hits')
    .getByText(/\/s against \d+\/s/)
    .waitFor();
}, 90_000);

it('stops the load test', async () => {
  await tested.page.goto(`${tested.url}/score`);
  await tested.page.getByRole('button', { name: 'Run it' }).click();
  await tested.page.getByRole('dialog').getByRole('button', { name: 'Run it' }).click();
  await tested.page.getByRole('button', { name: 'Stop' }).click();
  await tested.page.getByText('It was stopped.').waitFor();
});

it('lists acts with their reasons, filters them, and exports what is shown', async () => {
  const act = (path: string, body: object) =>
    fetch(`${tested.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  await act('/api/breakers/lab.chat/trip', { reason: 'audited trip', duration_s: 60 });
  await act('/api/breakers/lab.chat/reset', { reason: 'audited reset' });
  await act('/api/lab/faults', {
    upstream: 'lab',
    kind: 'latency',
    latency_ms: 7,
    duration_s: 1,
    reason: 'slow',
  });
  await tested.page.goto(`${tested.url}/audit`);
  const row = (text: string) =>
    tested.page.getByRole('row').filter({ has: tested.page.getByRole('cell', { name: text, exact: true }) });
  await row('audited trip').waitFor();
  await row('slow').getByText('latency_ms: 7').waitFor();
  await tested.page.getByLabel(/^Filter/).fill('audited reset');
  await row('audited trip').waitFor({ state: 'detached' });
  const download = tested.page.waitForEvent('download');
  await tested.page.getByRole('button', { name: 'Export CSV' }).click();
  const lines = readFileSync(await (await download).path(), 'utf8')
    .trim()
    .split('\n');
  expect(lines[0]).toBe('seq,at,by,type,component,reason,before,after');
  expect(lines.slice(1)).toEqual([expect.stringContaining('audited reset')]);
});
