/** The Lab page before an upstream that is no lab. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';
import { openaiScript } from '../support/scripts.ts';
import { freePort, type RunningServer, startServer } from '../support/server.ts';

let upstream: ScriptedUpstream;
let browser: Browser;

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(openaiScript);
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await upstream?.close();
});

async function onLab(allow: boolean, act: (server: RunningServer) => Promise<void>): Promise<void> {
  const server = await startServer({
    config: {
      upstreams: [
        { name: 'real', kind: 'openai', url: `${upstream.url}/v1` },
        { name: 'lab', kind: 'lab' },
      ],
      lab: { allow_faults: allow },
    },
    port: await freePort(),
  });
  try {
    await act(server);
  } finally {
    await server.stop();
  }
}

describe('the Lab page before a real upstream', () => {
  it('asks once more, and injects one fault and not two', async () => {
    await onLab(true, async (server) => {
      const page = await browser.newPage();
      await page.goto(`${server.url}/lab`);
      await page.getByLabel('Upstream').selectOption('real');
      await page.getByRole('button', { name: 'Inject fault' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('It is a real upstream.').waitFor();
      await dialog.getByRole('button', { name: 'Inject into real' }).click();
      await page.locator('[data-fault="error"]').getByText('ends in').waitFor();
      const answer = await fetch(`${server.url}/api/events?type=fault_injected`);
      const { events } = (await answer.json()) as { events: unknown[] };
      expect(events).toHaveLength(1);
      await page.close();
    });
  });

  it('says why it cannot be chosen when faults on it are not allowed', async () => {
    await onLab(false, async (server) => {
      const page = await browser.newPage();
      await page.goto(`${server.url}/lab`);
      expect(await page.getByLabel('Upstream').locator('option').allTextContents()).toEqual(['lab']);
      await page.getByText(/lab\.allow_faults is not true: real/).waitFor();
      await page.close();
    });
  });
});
