/** The Requests page of the production build, in a real browser, with real requests. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { overflowOf, violationsOf } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import { post } from '../support/gateway.ts';
import { type RunningServer, startServer } from '../support/server.ts';

const TABLE = 'table[aria-label="Requests, newest first"]';

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
afterEach(() => page.close());

async function chat(id: string, more: object = {}): Promise<void> {
  const body = { model: 'lab-chat', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }], ...more };
  await (await post(`${server.url}/v1/chat/completions`, body, { 'x-request-id': id })).text();
}

const go = (path: string, on = page) => on.goto(`${server.url}${path}`);
const rows = (on = page) => on.locator(`${TABLE} tbody tr`);
const detail = (id: string) => page.getByRole('region', { name: `Request ${id}` });
const query = () => new URL(page.url()).searchParams;

describe('the Requests page', () => {
  it('says so while no request has come', async () => {
    await go('/requests');
    await page.getByText('No request has come since the start').waitFor();
  });

  it('shows a request within two seconds, and its way by keyboard, in the address', async () => {
    await chat('first');
    await go('/requests');
    await expect.poll(() => rows().count()).toBe(1);
    await chat('second');
    await expect.poll(() => rows().count(), { timeout: 2_500 }).toBe(2);
    await rows().first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await detail('first').getByText('call', { exact: true }).waitFor();
    expect(query().get('request')).toBe('first');

    await page.reload();
    await detail('first').getByText('read request').waitFor();
    await rows().nth(1).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => query().has('request')).toBe(false);
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('TR');
  });

  it('filters in the address, which survives a reload', async () => {
    await chat('too-hot', { temperature: 'hot' });
    await go('/requests');
    await page.getByRole('button', { name: 'Trouble only' }).click();
    await expect.poll(() => rows().count()).toBe(1);
    expect(query().get('trouble')).toBe('true');
    await page.reload();
    await rows().first().click();
    await detail('too-hot').getByText('The request had a field that is not allowed.').waitFor();
    await page.getByRole('searchbox', { name: 'Request id contains' }).fill('nowhere');
    await page.getByText('No request that is kept is like that').waitFor();
    await page.getByRole('button', { name: 'Clear the filters' }).click();
    await expect.poll(() => rows().count()).toBe(3);
  });

  it('stands still in a pause, and jumps to now', async () => {
    await go('/requests');
    await expect.poll(() => rows().count()).toBe(3);
    await page.getByTestId('status').getByText(/^Live/).first().waitFor();
    await page.keyboard.press('Space');
    await page.getByTestId('status').getByText('Paused').first().waitFor();
    const other = await browser.newPage();
    await go('/requests', other);
    await expect.poll(() => rows(other).count()).toBe(3);
    // When the other page shows the second one, a page that does not stand still shows the first.
    for (const [id, count] of [
      ['in-the-pause', 4],
      ['still-in-the-pause', 5],
    ] as const) {
      await chat(id);
      await expect.poll(() => rows(other).count()).toBe(count);
    }
    await other.close();
    expect(await rows().count()).toBe(3);
    await page.keyboard.press('Space');
    await expect.poll(() => rows().count()).toBe(5);
  });

  it('stands still under the pointer and under the focus, and says how much waits', async () => {
    await go('/requests');
    await expect.poll(() => rows().count()).toBe(5);
    const first = await rows().first().getAttribute('data-key');
    await rows().first().hover();
    await chat('under-the-pointer');
    await page.getByText('1 newer waits').waitFor();
    expect(await rows().first().getAttribute('data-key')).toBe(first);
    await page.mouse.move(5, 5);
    await expect.poll(() => rows().count()).toBe(6);
    await rows().first().focus();
    await chat('under-the-focus');
    await page.getByText('1 newer waits').waitFor();
    await page.getByRole('button', { name: 'show', exact: true }).click();
    await expect.poll(() => rows().count()).toBe(7);
  });

  it('says so when the request of a link is not kept', async () => {
    await go('/requests?request=long-ago');
    await detail('long-ago').getByText('This request is not kept, or no longer').waitFor();
  });

  it('shows what the server says of a filter that is not allowed', async () => {
    await go('/requests?min_ms=many');
    await page.getByText(/min_ms: "many" is not allowed/).waitFor();
  });

  it.each([
    ['light', 1440],
    ['dark', 1440],
    ['light', 375],
    ['dark', 375],
  ] as const)(
    'has nothing that axe minds, and nothing that overflows (%s, %d px)',
    async (colorScheme, width) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 812 });
      await go('/requests?request=too-hot');
      await detail('too-hot').getByText('read request').waitFor();
      expect(await overflowOf(page)).toBe(0);
      expect(await violationsOf(page)).toEqual([]);
    },
  );
});
