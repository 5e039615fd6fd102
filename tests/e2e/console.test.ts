/** The console of the production build in a real browser, fed by the real SDK and by the lab. */
import OpenAI from 'openai';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PAGES, weighPage } from '../../bench/pages/weight.ts';
import { overflowOf, violationsOf } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import { policyRefusalsOf } from '../support/policy.ts';
import { freePort, type RunningServer, startServer } from '../support/server.ts';

/** Within so long, traffic must be seen. */
const SEEN_MS = 2_000;
const MAX_FIRST_LOAD_KIB = 250;

const CONFIG = {
  upstreams: [
    { name: 'lab', kind: 'lab', breaker: { minimum_calls: 4, window_s: 5, open_s: 60 } },
    { name: 'spare', kind: 'lab' },
  ],
};

let port: number;
let server: RunningServer;
let browser: Browser;
let page: Page;
let refusals: string[];

beforeAll(async () => {
  port = await freePort();
  server = await startServer({ config: CONFIG, port });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  refusals = policyRefusalsOf(page);
});

afterEach(async () => {
  await page.close();
  // On every page, in every dialog that a test opened.
  expect(refusals).toEqual([]);
  for (const name of ['lab.chat', 'spare.chat']) await control('POST', `/api/breakers/${name}/reset`, {});
});

function ask(content = 'Hi') {
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'unused', maxRetries: 0 });
  return client.chat.completions.create({
    model: 'lab-small',
    max_tokens: 4,
    messages: [{ role: 'user', content }],
  });
}

const control = async (method: string, path: string, body?: object) => {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return (await answer.json()) as Record<string, unknown>;
};

async function open(path: string, on: Page = page): Promise<void> {
  await on.goto(`${server.url}${path}`);
  await status(/Live/i, on).waitFor();
}

const status = (text: RegExp, on: Page = page) => on.getByTestId('status').filter({ hasText: text });
const row = (component: string, on: Page = page) => on.locator(`[data-component="${component}"]`).first();
/** One for wide screens, one for narrow ones. */
const range = () => page.getByLabel('Range of the charts').filter({ visible: true });
/** Calls per second, which stand after the name, the state and the reason. */
const rateOf = async (component: string, on: Page = page) =>
  Number((await row(component, on).locator('td').nth(3).textContent())?.replace(/[^\d.]/g, ''));

describe('a fresh console', () => {
  it('says that there is no traffic, where to point a client, and where to start some', async () => {
    await open('/');
    await page.getByText('No traffic yet').waitFor();
    await page.getByText(`${server.url}/v1`, { exact: true }).first().waitFor();
    await page.getByRole('link', { name: 'Start a workload' }).click();
    await page.waitForURL('**/lab');
  });
});

describe('a kiosk', () => {
  it('is the page alone, in the address, and left by the same key', async () => {
    await open('/');
    await page.keyboard.press('k');
    await page.getByRole('navigation', { name: 'Pages' }).waitFor({ state: 'detached' });
    await page.reload();
    await status(/Live/i).waitFor();
    expect(await page.getByRole('navigation', { name: 'Pages' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Connect' }).count()).toBe(0);
    await page.keyboard.press('k');
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    expect(new URL(page.url()).search).toBe('');
  });
});

describe('the Overview', () => {
  it('shows what the real SDK has sent within two seconds', async () => {
    await ask();
    await open('/');
    await row('lab.chat').waitFor();
    const before = await rateOf('lab.chat');
    await Promise.all([1, 2, 3, 4, 5].map(() => ask()));
    await expect.poll(() => rateOf('lab.chat'), { timeout: SEEN_MS }).toBeGreaterThan(before);
  });

  it('trips a breaker after a dialog, so that a client is refused, and resets it, so that it is served', async () => {
    await control('POST', '/api/breakers/spare.chat/trip', {});
    await open('/');
    await page.getByRole('button', { name: 'Trip lab.chat' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Trip lab.chat?').waitFor();
    await dialog.getByLabel('For how long').selectOption('60');
    await dialog.getByLabel('Reason').fill('browser test');
    await dialog.getByRole('button', { name: 'Trip lab.chat' }).click();
    await row('lab.chat').getByText('Held open').waitFor();
    await row('lab.chat').getByText('“browser test”').first().waitFor();
    await page.getByRole('status').getByText('lab.chat is held open').first().waitFor();
    await page.getByText('lab.chat held open').first().waitFor();
    await expect(ask()).rejects.toMatchObject({ status: 503, code: 'circuit_open' });

    await page.getByRole('button', { name: 'Reset lab.chat' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Reset lab.chat' }).click();
    await row('lab.chat').getByText('Closed', { exact: true }).waitFor();
    expect((await ask()).choices).toHaveLength(1);
  });

  it('shows the server’s own words when an act fails, and keeps what was filled in', async () => {
    await ask();
    await open('/');
    await page.route('**/api/breakers/lab.chat/trip', (route) =>
      route.fulfill({ status: 403, json: { error: { code: 'forbidden', message: 'not from here' } } }),
    );
    await page.getByRole('button', { name: 'Trip lab.chat' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('For how long').selectOption('300');
    await dialog.getByRole('button', { name: 'Trip lab.chat' }).click();
    await dialog.getByRole('alert').getByText('not from here').waitFor();
    expect(await dialog.getByLabel('For how long').inputValue()).toBe('300');
    await page.keyboard.press('Escape');
    await row('lab.chat').getByText('Closed', { exact: true }).waitFor();
  });

  it('stands still in a pause while another console goes on, and jumps to now', async () => {
    await ask();
    await open('/');
    const other = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await open('/', other);
    await row('lab.chat').waitFor();
    await page.keyboard.press('Space');
    await status(/Paused/i).waitFor();
    const shown = () => page.locator('main').locator('table, dl').allInnerTexts();
    const frozen = await shown();
    await control('POST', '/api/breakers/lab.chat/trip', { reason: 'during the pause' });
    await row('lab.chat', other).getByText('Held open').waitFor();
    expect(await shown()).toEqual(frozen);
    await page.keyboard.press('Space');
    await row('lab.chat').getByText('Held open').waitFor();
    await other.close();
  });

  it('keeps the range in the address', async () => {
    await open('/?range=1h');
    expect(await range().inputValue()).toBe('1h');
    await range().selectOption('2m');
    await expect.poll(() => new URL(page.url()).searchParams.get('range')).toBe('2m');
    await page.reload();
    await expect.poll(() => range().inputValue()).toBe('2m');
  });

  it('can be used whole by keyboard', async () => {
    await ask();
    await open('/');
    await page.keyboard.press('Tab');
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.textContent))
      .toBe('Skip to the page');
    const trip = page.getByRole('button', { name: 'Trip lab.chat' });
    for (let presses = 0; presses < 60; presses++) {
      if (await trip.evaluate((button) => button === document.activeElement)) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await trip.evaluate((button) => button === document.activeElement)).toBe(true);
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('Pause everything').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('g');
    await page.keyboard.press('l');
    await page.waitForURL('**/lab');
  });
});

describe('the Lab', () => {
  it('injects a fault that opens a component and turns it red, counts down, and is ended', async () => {
    await open('/lab');
    await page.getByLabel('Share of calls, %').fill('100');
    await page.getByLabel('For how long').first().selectOption('300');
    await page.getByRole('button', { name: 'Inject fault' }).click();
    await page
      .locator('[data-fault="error"]')
      .getByText(/ends in/)
      .waitFor();
    // The spare one serves them; the lab's own breaker sees them fail.
    await Promise.all([1, 2, 3, 4, 5, 6].map(() => ask()));
    await row('lab.chat').getByText('Open', { exact: true }).waitFor();
    const badge = row('lab.chat').getByText('Open', { exact: true });
    expect(await badge.evaluate((element) => getComputedStyle(element).color)).toBe(
      await page.evaluate(() => {
        const probe = document.createElement('i');
        probe.style.color = 'var(--open)';
        document.body.append(probe);
        const { color } = getComputedStyle(probe);
        probe.remove();
        return color;
      }),
    );
    await page.getByTestId('headline').getByText('lab.chat is open').waitFor();
    await page.getByRole('button', { name: 'End now: the fault on lab' }).click();
    await page.getByText('No fault is active').waitFor();
  });

  it('starts a workload that is seen at work, and stops it', async () => {
    await open('/lab');
    await page.getByLabel('Shape').selectOption('steady');
    await page.getByLabel('Mean rate, per s').fill('20');
    await page.getByRole('button', { name: 'Start workload' }).click();
    const running = page.locator('[data-workload="running"]');
    await running.getByText(/\d+ × 200/).waitFor();
    await running.getByRole('button', { name: 'Stop workload' }).click();
    await page.locator('[data-workload="ended"]').getByText('It was stopped.').waitFor();
  });

  it('says what is wrong with a recording before it is sent', async () => {
    await open('/lab');
    await page.getByLabel('Shape').selectOption('csv');
    await page
      .getByLabel('Recording (CSV)')
      .setInputFiles({ name: 'bad.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') });
    await page.getByRole('alert').getByText('bad.csv has no column timestamp').waitFor();
    expect(await page.getByRole('button', { name: 'Start workload' }).isDisabled()).toBe(true);
  });
});

describe.each(PAGES)('the page %s', (path) => {
  it.each([
    ['light', 1440],
    ['dark', 1440],
    ['light', 375],
    ['dark', 375],
  ] as const)(
    'has nothing that axe minds and nothing that overflows, %s at %d px',
    async (colorScheme, width) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: width === 375 ? 812 : 900 });
      await open(path);
      expect(await overflowOf(page)).toBe(0);
      expect(await violationsOf(page)).toEqual([]);
    },
  );

  it('loads at most 250 KiB of compressed JavaScript at first', async () => {
    const { firstKib, allKib } = await weighPage(browser, server.url, path);
    expect(firstKib).toBeGreaterThan(0);
    expect(firstKib).toBeLessThanOrEqual(MAX_FIRST_LOAD_KIB);
    expect(allKib).toBeGreaterThanOrEqual(firstKib);
  });
});

describe('what cannot be read', () => {
  it.each([
    ['/', 'This history could not be read'],
    ['/breakers/lab.chat', 'This history could not be read'],
    ['/cache', 'The figures of the caches could not be read'],
    ['/batching', 'The figures of the batchers could not be read'],
    ['/allocation', 'The forecasts could not be read'],
    ['/requests', 'The disk is on fire'],
    ['/lab', 'The drills could not be read'],
    ['/audit', 'The acts could not be read'],
  ])('is said on %s, in the server’s own words, and the rest of the page goes on', async (path, title) => {
    const body = { error: { code: 'internal', message: 'The disk is on fire' } };
    await page.route(
      (url) => url.pathname.startsWith('/api/') && !url.pathname.endsWith('/stream'),
      (route) => route.fulfill({ status: 500, json: body }),
    );
    await open(path);
    await page.getByRole('alert').filter({ hasText: title }).first().waitFor();
    await page.getByTestId('headline').getByText(/\S/).first().waitFor();
  });

  it.each(['/score', '/lab/tour'])('leaves on %s what was known, and says that it is old', async (path) => {
    const body = { error: { code: 'internal', message: 'The disk is on fire' } };
    await page.route('**/api/{score,lab/tour}', (route) => route.fulfill({ status: 500, json: body }));
    await open(path);
    await page.getByRole('alert').filter({ hasText: 'Not up to date: The disk is on fire' }).waitFor();
    await page.getByRole('heading', { level: 2 }).first().waitFor();
  });
});

describe('a reader who wants no motion', () => {
  it('gets none, while the page waits and while it is live', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.route('**/api/history*', () => {});
    await open('/');
    await page.getByRole('status', { name: 'Loading' }).first().waitFor();
    const moving = await page.evaluate(() => document.getAnimations().length);
    expect(moving).toBe(0);
  });
});

describe('a server that goes away', () => {
  it('takes only the charts with it when their part of the page has not come yet', async () => {
    await ask();
    const html = await (await fetch(server.url)).text();
    await page.route('**/*.js', (route) =>
      html.includes(new URL(route.request().url()).pathname) ? route.continue() : route.abort(),
    );
    await open('/');
    await page.getByText('The charts could not be loaded').first().waitFor();
    await row('lab.chat').waitFor();
  });

  it('leaves a page that says it is stale, keeps what it knew, and recovers by itself', async () => {
    await ask();
    await open('/');
    await row('lab.chat').waitFor();
    await server.stop('SIGKILL');
    await status(/Stale/i).waitFor();
    await row('lab.chat').waitFor();
    server = await startServer({ config: CONFIG, port });
    await status(/Live/i).waitFor();
  });
});
