/** The Allocation page with two weeks of recorded demand, imported as a user does it. */
import { expect, it } from 'vitest';
import { withConsole } from '../support/console.ts';

const STEP_S = 300;
const STEPS = 2_000;

const tested = withConsole({ upstreams: [{ name: 'lab', kind: 'lab' }] });

/** Days with a morning and an evening. */
function recorded(): string {
  const lines = Array.from({ length: STEPS }, (_, step) => {
    const wave = Math.sin((2 * Math.PI * step * STEP_S) / 86_400);
    return `${step * STEP_S},${Math.round(100 + 80 * wave + ((step * 7919) % 13))},${(2 + wave).toFixed(2)}`;
  });
  return ['timestamp,requests,demand', ...lines].join('\n');
}

it('says that it learns, then shows forecasts and skill of what was imported', async () => {
  await tested.page.goto(`${tested.url}/allocation`);
  await tested.page
    .getByText(/steps of 300 s observed; forecasts begin after some 20/)
    .first()
    .waitFor();
  const answer = await fetch(`${tested.url}/api/predictions/import`, {
    method: 'POST',
    body: JSON.stringify({ csv: recorded(), align: 'recent' }),
  });
  expect(answer.status, await answer.clone().text()).toBe(200);
  await tested.page.getByText('over last value').waitFor();
  await tested.page
    .getByText(/requests\/min/)
    .first()
    .waitFor();
  await tested.page.getByText('Holt-Winters').waitFor();
});

it('changes the mode after a dialog, and is audited', async () => {
  await tested.page.goto(`${tested.url}/allocation`);
  await tested.page.getByRole('button', { name: /^Mode:/ }).click();
  const dialog = tested.page.getByRole('dialog');
  await dialog.locator('[name=mode]').selectOption('act');
  await dialog.getByLabel('Reason').fill('browser test');
  await dialog.getByRole('button', { name: 'Change the mode' }).click();
  await dialog.waitFor({ state: 'detached' });
  await tested.page.getByRole('button', { name: 'Mode: act' }).waitFor();
  await tested.page.goto(`${tested.url}/audit`);
  await tested.page.getByText('browser test').first().waitFor();
});

it('answers what another quantile would have done', async () => {
  await tested.page.goto(`${tested.url}/allocation`);
  await tested.page.getByLabel('Quantile provided for').fill('0.9');
  await tested.page.getByLabel('Load, times what it was').fill('2');
  await tested.page.getByRole('button', { name: 'Replay' }).click();
  const cells = (name: string) => tested.page.getByRole('row').filter({ hasText: name }).getByRole('cell');
  const minutes = async (name: string) =>
    Number((await cells(name).nth(1).textContent())?.replaceAll(/[^\d.]/g, ''));
  await cells('As asked').first().waitFor();
  expect(await minutes('As asked')).toBeGreaterThan(1.5 * (await minutes('As it is now')));
});
