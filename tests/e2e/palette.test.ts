import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type RunningServer, startServer } from '../support/server.ts';

let server: RunningServer;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  [server, browser] = await Promise.all([
    startServer({ config: { upstreams: [{ name: 'lab', kind: 'lab' }] } }),
    launchBrowser(),
  ]);
  page = await browser.newPage();
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});

describe('the command palette', () => {
  it('shows what it understood, asks before it changes something, and does it', async () => {
    await page.goto(`${server.url}/`);
    await page.getByText('Live', { exact: false }).first().waitFor();
    await page.keyboard.press('Control+k');
    await page
      .getByRole('textbox', { name: 'Command' })
      .fill('trip lab chat for 2 minutes because of a test');
    await page.getByText('Hold lab.chat open for 2 min').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Yes, do it' }).waitFor();
    expect((await status()).state).toBe('closed');
    await page.keyboard.press('Enter');
    await page.getByText('lab.chat is open, held open by').waitFor();
    expect(await status()).toMatchObject({ state: 'open' });
  });

  it('suggests what it would have understood, and goes where it is told', async () => {
    const input = page.getByRole('textbox', { name: 'Command' });
    await input.fill('reset lab');
    await page.getByRole('button', { name: 'reset lab.chat' }).click();
    await page.getByText('Reset lab.chat: lift its holds').waitFor();
    await input.fill('show score');
    await page.getByText('Go to /score').waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/score');
  });

  it('is there for scripts, with its parses cached', async () => {
    const say = (text: string) =>
      fetch(`${server.url}/api/commands`, { method: 'POST', body: JSON.stringify({ text, dry_run: true }) });
    const unknown = await say('make coffee');
    expect(unknown.status).toBe(422);
    expect(await unknown.json()).toMatchObject({ error: { code: 'unprocessable' } });
    await say('status');
    await say('status');
    const { caches } = (await (await fetch(`${server.url}/api/metrics/cache`)).json()) as {
      caches: { nlp_processor: { hits: number; misses: number } };
    };
    expect(caches.nlp_processor.hits).toBeGreaterThan(0);
    expect(caches.nlp_processor.misses).toBeGreaterThan(0);
  });
});

async function status(): Promise<{ state: string }> {
  return (await (await fetch(`${server.url}/api/breakers/lab.chat`)).json()) as { state: string };
}
