/** The Cache page over a real Redis: what it tells, purging, sizing, and Redis going away while traffic flows. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { post } from '../support/gateway.ts';
import { RedisServer } from '../support/redis.ts';
import { type RunningServer, startServer } from '../support/server.ts';

let redis: RedisServer;
let server: RunningServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  redis = await RedisServer.start();
  server = await startServer({
    config: { upstreams: [{ name: 'lab', kind: 'lab' }], redis: { url: redis.url } },
  });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await redis?.close();
});
beforeEach(async () => {
  page = await browser.newPage();
});
afterEach(async () => {
  await page.close();
});

async function ask(content: string): Promise<string | null> {
  const messages = [{ role: 'user', content }];
  const answer = await post(`${server.url}/v1/chat/completions`, {
    model: 'lab-small',
    temperature: 0,
    max_tokens: 5,
    messages,
  });
  expect(answer.status).toBe(200);
  await answer.text();
  return answer.headers.get('x-cache');
}
const row = (name: string) => page.locator(`tr[data-key="${name}"]`);

it('shows hits by window, and what Redis says of itself', async () => {
  expect([await ask('one'), await ask('one'), await ask('one')]).toEqual(['miss', 'hit', 'hit']);
  await page.goto(`${server.url}/cache`);
  await row('lab_responses').getByText('66.7').first().waitFor();
  await row('lab_responses').getByText('2 · 1').waitFor();
  await page.getByText(/, standalone$/).waitFor();
  await page.getByText('from memory').waitFor();
});

it('purges what is named; all only when it is typed', async () => {
  await ask('one');
  await page.goto(`${server.url}/cache`);
  await row('lab_responses').waitFor();
  await page.getByRole('button', { name: 'Purge…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Purge all caches' }).click();
  // The browser asks for the words first.
  expect(await ask('one')).toBe('hit');
  await dialog.getByLabel(/^Cache/).selectOption('lab_responses');
  await dialog.getByLabel(/Reason/).fill('a drill');
  await dialog.getByRole('button', { name: 'Purge lab_responses' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(await redis.client.keys('switchgear:v1:*')).toEqual([]);
  expect(await ask('one')).toBe('miss');
  await page.getByRole('button', { name: 'Purge…' }).click();
  await dialog.getByLabel(/purge all/).fill('purge all');
  await dialog.getByRole('button', { name: 'Purge all caches' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.goto(server.url);
  await page.getByText('lab_responses purged').waitFor();
  await page.getByText('All caches purged').waitFor();
});

it('changes the size at once', async () => {
  await page.goto(`${server.url}/cache`);
  await page.getByRole('button', { name: 'Change size' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/Memory for entries/).fill('7');
  await dialog.getByRole('button', { name: 'Change the size' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page
    .getByText(/of 7.0\sMB/)
    .first()
    .waitFor();
});

it('loses Redis under traffic without losing a request, says so, and finds it again', async () => {
  let done = false;
  const statuses: number[] = [];
  const traffic = (async () => {
    for (let at = 0; !done; at += 1) {
      const messages = [{ role: 'user', content: `question ${at % 50}` }];
      const answer = await post(`${server.url}/v1/chat/completions`, {
        model: 'lab-small',
        temperature: 0,
        max_tokens: 2,
        messages,
      });
      await answer.text();
      statuses.push(answer.status);
    }
  })();
  await page.goto(`${server.url}/cache`);
  await redis.kill();
  await page.getByTestId('redis-away').waitFor();
  await page.getByText('Not available: Redis is away').waitFor();
  await redis.run();
  await page.getByTestId('redis-away').waitFor({ state: 'detached' });
  await page.getByText(/, standalone$/).waitFor();
  done = true;
  await traffic;
  expect(statuses.length).toBeGreaterThan(20);
  expect(new Set(statuses)).toEqual(new Set([200]));
});
