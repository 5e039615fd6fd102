/** The guided demo as a presenter has it. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type RunningServer, startServer } from '../support/server.ts';

const BREAKER = { minimum_calls: 3, window_s: 10, open_s: 60 };

let server: RunningServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = await startServer({
    config: { upstreams: ['lab', 'lab-standby'].map((name) => ({ name, kind: 'lab', breaker: BREAKER })) },
  });
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

const button = (name: string) => page.getByRole('button', { name, exact: true });
const side = (name: string) => page.locator(`[data-side="${name}"]`);

it('begins, breaks both sides, shows who is served, is seen on other pages, and ends with a report', {
  timeout: 120_000,
}, async () => {
  await page.goto(`${server.url}/lab`);
  await page.getByRole('link', { name: 'Guided demo' }).click();
  await button('Begin').click();
  await page.getByRole('heading', { name: 'All is well' }).waitFor();
  await page.getByRole('switch', { name: 'Goes on by itself' }).click();
  await side('without').getByText('100 %').waitFor();

  await page.getByRole('button', { name: /^(Next step|Skip it)$/ }).click();
  await page.getByRole('heading', { name: 'The upstream fails' }).waitFor();
  await page.getByText(/^lab\.chat opened [\d.]+ s after the failure began/).waitFor();
  await page.goto(`${server.url}/breakers`);
  const note = page.getByRole('region', { name: 'Guided demo' });
  await note.getByText('Guided demo, 2 of 7').waitFor();
  await note.getByRole('button', { name: 'Next step' }).click();
  await note.getByText('Guided demo, 3 of 7').waitFor();
  await note.getByRole('link', { name: 'Open the demo' }).click();

  // At night the workload sends two requests a second, and sixty are wanted.
  await page
    .getByText(/^100 % of \d+ requests were served, .* by lab-standby\. Without, 0 %\.$/)
    .waitFor({ timeout: 60_000 });
  await side('without').getByText('0.0 %', { exact: true }).waitFor();
  await button('Stop').click();
  await page.getByRole('heading', { name: 'It has ended early' }).waitFor();
  const report = page.waitForEvent('popup');
  await page.getByRole('link', { name: 'Report' }).click();
  await (await report).getByRole('heading', { name: 'What was seen' }).waitFor();
  expect(await (await report).getByText(/^lab\.chat opened/).count()).toBe(0);
  await (await report).getByText(/lab\.chat opened [\d.]+ s after/).waitFor();
});

it('says why it cannot be given, where upstreams are others', async () => {
  const other = await startServer({ config: { upstreams: [{ name: 'lab', kind: 'lab' }] } });
  try {
    await page.goto(`${other.url}/lab/tour`);
    await page.getByText(/runs on the two labs of npm run demo alone/).waitFor();
    expect(await button('Begin').count()).toBe(0);
  } finally {
    await other.stop();
  }
});
