/** The Score and Audit pages: what was measured, and who did what. */
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type RunningServer, startServer } from '../support/server.ts';

let server: RunningServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = await startServer({ config: { upstreams: [{ name: 'lab', kind: 'lab' }] } });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
});
afterEach(async () => {
  await page.close();
});

const check = (title: string) => page.getByRole('listitem').filter({ hasText: title });

it('gives no points for what was not measured, then runs the load test and shows its figures', async () => {
  await page.goto(`${server.url}/score`);
  await check('Throughput of cache hits').getByText('not measured').waitFor();
  await page.getByRole('button', { name: 'Run it' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Seconds of each round').fill('1');
  await dialog.getByRole('button', { name: 'Run it' }).click();
  await page.getByRole('button', { name: 'Stop' }).waitFor();
  await page.getByText(/hits\/s, p50 .* of bare node:http/).waitFor({ timeout: 60_000 });
  await check('Throughput of cache hits')
    .getByText(/\/s against \d+\/s/)
    .waitFor();
}, 90_000);

it('stops the load test', async () => {
  await page.goto(`${server.url}/score`);
  await page.getByRole('button', { name: 'Run it' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run it' }).click();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByText('It was stopped.').waitFor();
});

it('lists acts with their reasons, filters them, and exports what is shown', async () => {
  const act = (path: string, body: object) =>
    fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  await act('/api/breakers/lab.chat/trip', { reason: 'audited trip', duration_s: 60 });
  await act('/api/breakers/lab.chat/reset', { reason: 'audited reset' });
  await act('/api/lab/faults', {
    upstream: 'lab',
    kind: 'latency',
    latency_ms: 7,
    duration_s: 1,
    reason: 'slow',
  });
  await page.goto(`${server.url}/audit`);
  const row = (text: string) =>
    page.getByRole('row').filter({ has: page.getByRole('cell', { name: text, exact: true }) });
  await row('audited trip').waitFor();
  await row('slow').getByText('latency_ms: 7').waitFor();
  await page.getByLabel(/^Filter/).fill('audited reset');
  await row('audited trip').waitFor({ state: 'detached' });
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export CSV' }).click();
  const lines = readFileSync(await (await download).path(), 'utf8')
    .trim()
    .split('\n');
  expect(lines[0]).toBe('seq,at,by,type,component,reason,before,after');
  expect(lines.slice(1)).toEqual([expect.stringContaining('audited reset')]);
});
