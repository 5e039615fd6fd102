/** The guided demo as a presenter has it. */
import { expect, it } from 'vitest';
import { withConsole } from '../support/console.ts';
import { startServer } from '../support/server.ts';

const BREAKER = { minimum_calls: 3, window_s: 10, open_s: 60 };

const tested = withConsole({
  upstreams: ['lab', 'lab-standby'].map((name) => ({ name, kind: 'lab', breaker: BREAKER })),
});

const button = (name: string) => tested.page.getByRole('button', { name, exact: true });
const side = (name: string) => tested.page.locator(`[data-side="${name}"]`);

it('begins, breaks both sides, shows who is served, is seen on other pages, and ends with a report', {
  timeout: 120_000,
}, async () => {
  await tested.page.goto(`${tested.url}/lab`);
  await tested.page.getByRole('link', { name: 'Guided demo' }).click();
  await button('Begin').click();
  await tested.page.getByRole('heading', { name: 'All is well' }).waitFor();
  await tested.page.getByRole('switch', { name: 'Goes on by itself' }).click();
  await side('without').getByText('100 %').waitFor();

  await tested.page.getByRole('button', { name: /^(Next step|Skip it)$/ }).click();
  await tested.page.getByRole('heading', { name: 'The upstream fails' }).waitFor();
  await tested.page.getByText(/^lab\.chat opened [\d.]+ s after the failure began/).waitFor();
  await tested.page.goto(`${tested.url}/breakers`);
  const note = tested.page.getByRole('region', { name: 'Guided demo' });
  await note.getByText('Guided demo, 2 of 7').waitFor();
  await note.getByRole('button', { name: 'Next step' }).click();
  await note.getByText('Guided demo, 3 of 7').waitFor();
  await note.getByRole('link', { name: 'Open the demo' }).click();

  // At night the workload sends two requests a second, and sixty are wanted.
  await tested.page
    .getByText(/^100 % of \d+ requests were served, .* by lab-standby\. Without, 0 %\.$/)
    .waitFor({ timeout: 60_000 });
  await side('without').getByText('0.0 %', { exact: true }).waitFor();
  await button('Stop').click();
  await tested.page.getByRole('heading', { name: 'It has ended early' }).waitFor();
  const report = tested.page.waitForEvent('popup');
  await tested.page.getByRole('link', { name: 'Report' }).click();
  await (await report).getByRole('heading', { name: 'What was seen' }).waitFor();
  expect(await (await report).getByText(/^lab\.chat opened/).count()).toBe(0);
  await (await report).getByText(/lab\.chat opened [\d.]+ s after/).waitFor();
});

it('says why it cannot be given, where upstreams are others', async () => {
  const other = await startServer({ config: { upstreams: [{ name: 'lab', kind: 'lab' }] } });
  try {
    await tested.page.goto(`${other.url}/lab/tour`);
    await tested.page.getByText(/runs on the two labs of npm run demo alone/).waitFor();
    expect(await button('Begin').count()).toBe(0);
  } finally {
    await other.stop();
  }
});
