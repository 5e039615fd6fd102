/** A server and a browser for the tests of a file, and a new page for each of them. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { launchBrowser } from './browser.ts';
import { type RunningServer, startServer } from './server.ts';

/** Registers the hooks of the file that calls it. */
export function withConsole(config: object, viewport = { width: 1440, height: 900 }) {
  let server: RunningServer;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    server = await startServer({ config });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    page = await browser.newPage({ viewport });
  });
  afterEach(async () => {
    await page.close();
  });
  return {
    get url() {
      return server.url;
    },
    get page() {
      return page;
    },
  };
}
