/** The first page in a real browser, while a real client calls. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import OpenAI from 'openai';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';
import { openaiScript } from '../support/scripts.ts';
import { type RunningServer, startServer } from '../support/server.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let upstream: ScriptedUpstream;
let server: RunningServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(openaiScript);
  server = await startServer({
    config: { upstreams: [{ name: 'up', kind: 'openai', url: `${upstream.url}/v1` }] },
  });
  browser = await launchBrowser();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await upstream?.close();
});

function ask() {
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'unused' });
  return client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'say it' }] });
}

describe('the first page', () => {
  it('names the address and lists upstreams and breakers', async () => {
    await page.goto(server.url);
    await page.getByText(`${server.url}/v1`, { exact: true }).waitFor();
    const text = await page.locator('main').textContent();
    for (const name of ['up', 'up.chat', 'up.completions', 'up.embeddings', 'up.admin', 'test'])
      expect(text).toContain(name);
    await page.getByText('All 4 breakers of upstreams are closed').waitFor();
  });

  it('trips a breaker, so that a client is refused, and resets it, so that it is served', async () => {
    expect((await ask()).choices).toHaveLength(1);
    const row = page.locator('[data-component="up.chat"]');

    await page.getByRole('button', { name: 'Trip up.chat' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Trip up.chat?').waitFor();
    await dialog.getByLabel('Reason').fill('browser test');
    await dialog.getByRole('button', { name: 'Trip up.chat' }).click();
    await row.getByText('Held open').waitFor();
    await row.getByText('by local: “browser test”').waitFor();
    await page.getByText('up.chat is held open', { exact: true }).waitFor();
    await expect(ask()).rejects.toMatchObject({ status: 503, code: 'circuit_open' });

    await page.getByRole('button', { name: 'Reset up.chat' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Reset up.chat' }).click();
    await row.getByText('Closed', { exact: true }).waitFor();
    expect((await ask()).choices).toHaveLength(1);
  });

  it('shows what changed a breaker', async () => {
    const row = page.locator('[data-component="up.chat"]');
    await row.getByRole('button', { name: 'up.chat', exact: true }).click();
    await row.getByText('open → closed: it was reset by local').waitFor();
  });

  it('shows the server’s own words when an action fails', async () => {
    await page.route('**/api/breakers/test/trip', (route) =>
      route.fulfill({ status: 403, json: { error: { code: 'forbidden', message: 'not from here' } } }),
    );
    await page.getByRole('button', { name: 'Trip test' }).click();
    await page.getByRole('dialog').getByLabel('For how long').selectOption('60');
    await page.getByRole('dialog').getByRole('button', { name: 'Trip test' }).click();
    await page.getByRole('alert').getByText('not from here').waitFor();
    expect(await page.getByRole('dialog').getByLabel('For how long').inputValue()).toBe('60');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it.each(['light', 'dark'] as const)(
    'has nothing for axe to find in %s, with and without a dialog',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Trip up.chat' }).click();
      await page.getByRole('dialog').waitFor();
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    },
  );

  it('fits a narrow screen without scrolling sideways', async () => {
    await page.setViewportSize({ width: 375, height: 812 });
    const [content, screen] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      window.innerWidth,
    ]);
    expect(content).toBeLessThanOrEqual(screen ?? 0);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('says that it is stale when the server is gone, and keeps what it knew', async () => {
    await page.route('**/api/**', (route) => route.abort());
    await page.getByText(/^stale, from/).waitFor();
    expect(await page.locator('main').textContent()).toContain('up.chat');
    await page.unroute('**/api/**');
    await page.getByText(/^live, updated/).waitFor();
  });
});

async function violations(on: Page): Promise<string[]> {
  await on.evaluate(AXE);
  return on.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations: found } = await axe.run();
    return found.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(' | ')}`);
  });
}
