/** The console behind an admin token. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { overflowOf, violationsOf } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import { type RunningServer, startServer } from '../support/server.ts';

const TOKEN = 'a-long-admin-token-for-tests';

let server: RunningServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = await startServer({
    config: { upstreams: [{ name: 'lab', kind: 'lab' }], auth: { admin_token: TOKEN } },
  });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 375, height: 812 } });
});
afterEach(async () => {
  await page.close();
});

const logIn = async (token: string) => {
  await page.getByLabel('Admin token').fill(token);
  await page.getByRole('button', { name: 'Open the console' }).click();
};

it('refuses a wrong token in words, goes on to the page that was wanted, and is left again', async () => {
  await page.goto(`${server.url}/breakers?state=open`);
  await page.waitForURL('**/login**');
  await logIn('not-the-token');
  await page.getByRole('alert').getByText('That is not the admin token').waitFor();
  await logIn(TOKEN);
  await page.waitForURL('**/breakers?state=open');
  await page.getByTestId('status').filter({ hasText: /live/i }).waitFor();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL('**/login');
  await page.goto(server.url);
  await page.waitForURL('**/login**');
});

it.each(['light', 'dark'] as const)(
  'has nothing that axe minds and nothing that overflows, %s',
  async (scheme) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(`${server.url}/login`);
    expect(await overflowOf(page)).toBe(0);
    expect(await violationsOf(page)).toEqual([]);
  },
);
