/** The Batching page while callers come. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { post } from '../support/gateway.ts';
import { json, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { type RunningServer, startServer } from '../support/server.ts';

let upstream: ScriptedUpstream;
let server: RunningServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(({ json: body }, res) => {
    const inputs = [body?.input].flat();
    const data = inputs.map((input, index) => ({ index, embedding: [String(input).length] }));
    setTimeout(() => json(res, { data, model: 'e', usage: { prompt_tokens: inputs.length } }), 10);
  });
  server = await startServer({
    config: { upstreams: [{ name: 'up', kind: 'openai', url: `${upstream.url}/v1` }] },
  });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await upstream?.close();
});
beforeEach(async () => {
  page = await browser.newPage();
});
afterEach(async () => {
  await page.close();
});

it('says that nothing has come, then shows sizes, reasons and calls avoided as they come', async () => {
  await page.goto(`${server.url}/batching`);
  await page.getByText('No batch has been sent yet').first().waitFor();
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, at) =>
      post(`${server.url}/v1/embeddings`, { model: 'e', input: `text ${at}` }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(upstream.seen.length).toBeLessThan(20);
  await page.getByText(/60 requests in \d+/).waitFor();
  await page.getByText('full', { exact: true }).waitFor();
});

it('changes limits at once', async () => {
  await page.goto(`${server.url}/batching`);
  await page.getByRole('button', { name: 'Change limits' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/Items in a batch/).fill('7');
  await dialog.getByRole('button', { name: 'Change the limits' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('of 7', { exact: true }).waitFor();
});

it('keeps what was chosen in the address', async () => {
  await page.goto(`${server.url}/batching`);
  await page.getByLabel('Batcher of').selectOption('llm');
  await page.getByText('This upstream does not tell of its loads').waitFor();
  expect(page.url()).toContain('kind=llm');
  await page.reload();
  await page.getByText('This upstream does not tell of its loads').waitFor();
});
