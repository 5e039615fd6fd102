/** The JavaScript that each page loads, as Chromium is sent it: compressed. */
import type { Browser } from 'playwright-core';

/** All of the console, on a server with an upstream `lab`. */
export const PAGES = [
  '/',
  '/breakers',
  '/breakers/lab.chat',
  '/cache',
  '/batching',
  '/allocation',
  '/requests',
  '/lab',
  '/lab/tour',
  '/score',
  '/audit',
] as const;

export interface PageWeight {
  path: string;
  /** What the page's own HTML names: the first load. */
  firstKib: number;
  /** What had come once the charts were drawn, those parts included that are loaded after the page. */
  allKib: number;
}

const BYTES_PER_KIB = 1_024;
/** When no script has come for so long, those that are loaded after the page are there. */
const QUIET_MS = 2_000;

/** @throws Error when a script comes without compression */
export async function weighPage(browser: Browser, url: string, path: string): Promise<PageWeight> {
  const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
  try {
    const html = (await (await page.goto(`${url}${path}`, { waitUntil: 'load' }))?.text()) ?? '';
    await page.getByTestId('status').filter({ hasText: /live/i }).waitFor();
    // Of scripts alone: the stream keeps the network busy for ever.
    await page.waitForFunction((quietMs) => {
      const ends = performance
        .getEntriesByType('resource')
        .filter(({ name }) => new URL(name).pathname.endsWith('.js'))
        .map(({ startTime, duration }) => startTime + duration);
      return performance.now() - Math.max(...ends) > quietMs;
    }, QUIET_MS);
    const scripts = await page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .filter((entry): entry is PerformanceResourceTiming => new URL(entry.name).pathname.endsWith('.js'))
        .map(({ name, encodedBodySize, decodedBodySize }) => ({
          path: new URL(name).pathname,
          bytes: encodedBodySize,
          isPlain: encodedBodySize === decodedBodySize && decodedBodySize > 2_048,
        })),
    );
    const plain = scripts.find(({ isPlain }) => isPlain);
    if (plain !== undefined) throw new Error(`${plain.path} comes without compression`);
    const sum = (of: typeof scripts) => of.reduce((total, { bytes }) => total + bytes, 0) / BYTES_PER_KIB;
    return {
      path,
      firstKib: sum(scripts.filter((script) => html.includes(script.path))),
      allKib: sum(scripts),
    };
  } finally {
    await page.close();
  }
}
