/** The console behind an admin token. */
import { expect, it } from 'vitest';
import { overflowOf, violationsOf } from '../support/axe.ts';
import { withConsole } from '../support/console.ts';
import { policyRefusalsOf } from '../support/policy.ts';

const TOKEN = 'a-long-admin-token-for-tests';

const tested = withConsole(
  { upstreams: [{ name: 'lab', kind: 'lab' }], auth: { admin_token: TOKEN } },
  { width: 375, height: 812 },
);

const logIn = async (token: string) => {
  await tested.page.getByLabel('Admin token').fill(token);
  await tested.page.getByRole('button', { name: 'Open the console' }).click();
};

it('refuses a wrong token in words, goes on to the page that was wanted, and is left again', async () => {
  const refusals = policyRefusalsOf(tested.page);
  await tested.page.goto(`${tested.url}/breakers?state=open`);
  await tested.page.waitForURL('**/login**');
  await logIn('not-the-token');
  await tested.page.getByRole('alert').getByText('That is not the admin token').waitFor();
  await logIn(TOKEN);
  await tested.page.waitForURL('**/breakers?state=open');
  await tested.page.getByTestId('status').filter({ hasText: /live/i }).waitFor();
  const stolen = await tested.page.context().cookies();
  // What the page asks meanwhile is refused before it hears that it is logged out.
  await tested.page.route('**/api/session', async (route) => {
    const response = await route.fetch();
    await tested.page.waitForResponse(
      (each) => each.status() === 401 && each.request().resourceType() === 'fetch',
    );
    await route.fulfill({ response });
  });
  await tested.page.getByRole('button', { name: 'Log out' }).click();
  await tested.page.waitForURL('**/login');
  await tested.page.context().addCookies(stolen);
  await tested.page.goto(tested.url);
  await tested.page.waitForURL('**/login**');
  expect(refusals).toEqual([]);
});

it('says to whoever guesses on that it is too many tries', async () => {
  const guess = { method: 'POST', body: JSON.stringify({ token: 'a guess' }) };
  for (let n = 0; n < 10; n += 1) await fetch(`${tested.url}/api/session`, guess);
  await tested.page.goto(`${tested.url}/login`);
  await logIn(TOKEN);
  await tested.page.getByRole('alert').getByText('Too many wrong tokens').waitFor();
});

it.each(['light', 'dark'] as const)(
  'has nothing that axe minds and nothing that overflows, %s',
  async (scheme) => {
    await tested.page.emulateMedia({ colorScheme: scheme });
    await tested.page.goto(`${tested.url}/login`);
    expect(await overflowOf(tested.page)).toBe(0);
    expect(await violationsOf(tested.page)).toEqual([]);
  },
);
