/** The Breakers pages of the production build, in a real browser: everything an operator does there. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { breakerSchema } from '#lib/contracts/breakers.ts';
import { overflowOf, violationsOf } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import { post } from '../support/gateway.ts';
import { type RunningServer, startServer } from '../support/server.ts';

const BREAKER = { minimum_calls: 5, window_s: 1, open_s: 0.3, half_open_calls: 2 };

let server: RunningServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = await startServer({ config: { upstreams: [{ name: 'lab', kind: 'lab', breaker: BREAKER }] } });
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

const go = (path: string) => page.goto(`${server.url}${path}`);
const breaker = async (name: string) =>
  breakerSchema.parse(await (await fetch(`${server.url}/api/breakers/${name}`)).json());
const holds = () => page.getByRole('list', { name: 'Holds, the one in force first' }).locator('li');
const dialog = () => page.getByRole('dialog');
const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });

describe('a breaker’s page', () => {
  it('trips for a time and a reason, holds over that, lifts one of two, and resets', async () => {
    await go('/breakers/lab.chat');
    await button('Trip lab.chat').click();
    await dialog().getByText('callers will get 503').waitFor();
    await dialog().getByLabel('For how long').selectOption('60');
    await dialog()
      .getByLabel(/Reason/)
      .fill('a deploy');
    await dialog().getByRole('button', { name: 'Trip lab.chat' }).click();
    await expect
      .poll(() => holds().allTextContents())
      .toEqual([expect.stringMatching(/Held open.*“a deploy”.*left/)]);
    expect((await breaker('lab.chat')).hold?.expires_at).not.toBeNull();

    await button('Hold…').click();
    await dialog().getByLabel('Mode').selectOption('metrics_only');
    await dialog().getByRole('button', { name: 'Hold lab.chat' }).click();
    await expect.poll(() => holds().count()).toBe(2);
    await page.getByText('by its traffic it is closed').waitFor();
    await holds().filter({ hasText: 'Metrics only' }).getByRole('button', { name: /Lift/ }).click();
    await expect.poll(() => holds().allTextContents()).toEqual([expect.stringContaining('Held open')]);
    expect((await breaker('lab.chat')).state).toBe('open');

    await button('Reset lab.chat').click();
    await dialog().getByRole('button', { name: 'Reset lab.chat' }).click();
    await expect.poll(() => holds().count()).toBe(0);
    expect((await breaker('lab.chat')).state).toBe('closed');
    await page
      .getByText(/reset by local/)
      .first()
      .waitFor();
  });

  it('says why it is open, when it retries, and probes by hand', async () => {
    await fetch(`${server.url}/api/breakers/lab.completions/settings`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ open_s: 600 }),
    });
    await post(`${server.url}/api/test/circuit-breaker/trigger-failure/lab.completions`, {});
    await go('/breakers/lab.completions');
    await page
      .getByText(/100\.0.%.*of 5 failed, opens at 50/)
      .first()
      .waitFor();
    await page
      .locator('[data-part="next"]')
      .getByText(/probes in \d/)
      .waitFor();
    await page.getByText(/5 of 5 failed .*generation 2/).waitFor();
    await button('Probe now').click();
    await page.getByText('Up to 2 calls at a time go through as probes').waitFor();
    expect((await breaker('lab.completions')).state).toBe('half_open');
  });

  it('refuses settings that are not allowed, replays others, and applies them after a look', async () => {
    await post(`${server.url}/api/test/circuit-breaker/trigger-failure/lab.admin?failure_count=3`, {});
    await go('/breakers/lab.admin');
    const field = page.getByLabel(/minimum_calls, calls/);
    await field.fill('0');
    await page.getByText('“0” is not allowed; must be a whole number from 1 to 10000').waitFor();
    expect(await button('Apply…').isDisabled()).toBe(true);
    expect(await button('What if?').isDisabled()).toBe(true);
    await field.fill('2');
    await button('What if?').click();
    const result = page.getByRole('region', { name: 'What if' });
    await result.getByText(/of 2 failed/).waitFor();
    expect(await result.getByRole('row').nth(1).allTextContents()).toEqual([
      expect.stringMatching(/^Draft1/),
    ]);
    expect(await result.getByRole('row').nth(2).allTextContents()).toEqual([
      expect.stringMatching(/^Present0/),
    ]);
    expect((await breaker('lab.admin')).settings.minimum_calls).toBe(5);
    await button('Apply…').click();
    await dialog().getByText('minimum_calls: 5 → 2').waitFor();
    await dialog().getByRole('button', { name: 'Apply' }).click();
    await page.getByText('changed here: minimum_calls').waitFor();
    expect(await breaker('lab.admin')).toMatchObject({ state: 'closed', settings: { minimum_calls: 2 } });
    await button('Back to configured…').click();
    await dialog().getByRole('button', { name: 'Take back' }).click();
    await page.getByText('as configured', { exact: true }).waitFor();
    expect((await breaker('lab.admin')).overrides).toEqual({});
  });

  it('drills from the start to the score', async () => {
    await go('/breakers/lab.embeddings');
    await button('Start a drill…').click();
    await dialog().getByLabel('Fault lasts, s').fill('1.5');
    await dialog().getByRole('button', { name: 'Drill lab.embeddings' }).click();
    await page
      .locator('[data-drill="running"]')
      .getByText(/the fault is on/)
      .waitFor();
    const passed = page.locator('[data-drill="passed"]');
    await passed.getByText('No call leaked').waitFor();
    expect(await passed.locator('dl').textContent()).toMatch(/Calls leaked0/);
  });

  it('of a component that there is not names those there are', async () => {
    await go('/breakers/nobody.chat');
    await page.getByText('There is no component nobody.chat').waitFor();
    await page.getByRole('link', { name: 'lab.embeddings' }).click();
    await page.getByRole('heading', { name: 'Breaker lab.embeddings' }).waitFor();
  });
});

describe('the list of breakers', () => {
  it('filters by state and name in the address, and leads to a breaker', async () => {
    await post(`${server.url}/api/breakers/lab.chat/trip`, { reason: 'x' });
    await go('/breakers');
    await page.getByText(/all \d functions that call out, in \d files, go through a breaker/).waitFor();
    await page.getByLabel('State').selectOption('held');
    const rows = page.locator('tr[data-component]');
    await expect.poll(() => rows.allTextContents()).toEqual([expect.stringContaining('lab.chat')]);
    await page.reload();
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByRole('link', { name: 'lab.chat' }).click();
    await page.getByRole('heading', { name: 'Breaker lab.chat' }).waitFor();
    await post(`${server.url}/api/breakers/lab.chat/reset`, {});
  });

  it.each(
    ['/breakers?name=lab.chat', '/breakers/lab.chat'].flatMap((path) =>
      (['light', 'dark'] as const).flatMap((theme) =>
        [1440, 375].map((width) => [path, theme, width] as const),
      ),
    ),
  )('has nothing that axe minds, and nothing that overflows (%s, %s, %d px)', async (path, theme, width) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 812 });
    await go(path);
    await page.locator('tr[data-component="lab.chat"], [aria-label="State of lab.chat"]').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    expect(await overflowOf(page)).toBe(0);
  });
});
