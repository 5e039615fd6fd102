/** What a browser refused to do for a page, by its content security policy. */
import type { Page } from 'playwright-core';

/** Grows as the page goes on: what it names was blocked. */
export function policyRefusalsOf(page: Page): string[] {
  const refusals: string[] = [];
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) refusals.push(message.text());
  });
  return refusals;
}
