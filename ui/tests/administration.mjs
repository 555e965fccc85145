// Administration at the central console against a real hub, which a test of the hub starts
// (sync-server/tests/hub/console_journey.rs): staff, wards and departments, prices, one's own account.
import assert from 'node:assert/strict';
import { close, digits, look, open, signIn, wrong } from './console-harness.mjs';

const visit = async (page, room) => { await page.getByTestId(`nav-${room}`).click(); await page.locator('main h1').waitFor(); };
const count = (page, testId, expected) => page.waitForFunction(([id, n]) => document.querySelectorAll(`[data-testid=${id}]`).length === n, [testId, expected]);
const chosen = 'marble kettle across nine';

try {
  const wei = await open();
  await signIn(wei, 'wei');
  const alma = await open();
  await signIn(alma, 'alma');

  // somebody is added: what is wrong stands at its field, and the password is shown once
  await visit(wei, 'staff');
  await look(wei, 'admin-staff');
  await wei.getByTestId('staff-new').click();
  await wei.getByTestId('staff-username').fill('zoe');
  await wei.getByTestId('staff-save').click();
  await wei.getByText('Choose at least one role.').waitFor();
  await look(wei, 'admin-staff-new');
  await wei.getByTestId('staff-name').fill('Zoë Adair');
  await wei.getByTestId('role-manager').check();
  await wei.getByTestId('staff-save').click();
  const once = await wei.getByTestId('one-time-password').textContent();
  assert.match(once, /^([2-9A-Z]{4}-){3}[2-9A-Z]{4}$/);
  await look(wei, 'admin-once');

  // she chooses her own password and sets up her authenticator before anything is open to her
  const zoe = await open();
  await zoe.getByTestId('sign-in-username').fill('zoe');
  await zoe.getByTestId('sign-in-password').fill(once);
  await zoe.getByTestId('sign-in-submit').click();
  await zoe.getByTestId('sign-in-new').fill('short');
  await zoe.getByTestId('sign-in-submit').click();
  await zoe.getByText('Too short: at least 15 characters.').waitFor();
  await look(zoe, 'admin-choose');
  await zoe.getByTestId('sign-in-new').fill(chosen);
  await zoe.getByTestId('sign-in-submit').click();
  await zoe.getByTestId('factor-submit').click();
  const secret = await zoe.getByTestId('factor-secret').textContent();
  await zoe.getByTestId('factor-code').fill('000000');
  await zoe.getByTestId('factor-submit').click();
  await zoe.getByText('These are not the digits of the new authenticator.').waitFor();
  await look(zoe, 'admin-factor');
  await zoe.getByTestId('factor-code').fill(digits(secret));
  await zoe.getByTestId('factor-submit').click();
  await zoe.getByTestId('nav-held').waitFor();
  await zoe.getByTestId('user-menu').click();
  await zoe.getByTestId('own').click();
  await zoe.getByTestId('own-password').fill(chosen);
  await zoe.getByTestId('own-new').fill(chosen);
  await zoe.getByTestId('own-save').click();
  await zoe.getByTestId('own-problems').waitFor();
  await look(zoe, 'admin-own');

  // two administrators at one form: neither overwrites the other, and nothing typed is lost
  await visit(wei, 'staff');
  await visit(alma, 'staff');
  for (const page of [wei, alma]) await page.getByRole('link', { name: 'Test nurse' }).click();
  await alma.getByTestId('staff-name').fill('Nurse Aldridge');
  await wei.getByTestId('staff-name').fill('Nurse Bell');
  await wei.getByTestId('staff-save').click();
  await alma.getByTestId('moved').getByText('Nurse Bell').waitFor();
  await alma.getByTestId('staff-save').click();
  await alma.getByTestId('staff-problems').getByText('Another administrator has changed this person').waitFor();
  assert.equal(await alma.getByTestId('staff-name').inputValue(), 'Nurse Aldridge');
  await look(alma, 'admin-moved');
  await alma.getByTestId('moved-go-on').click();
  await alma.getByTestId('staff-save').click();
  await wei.waitForFunction(() => document.querySelector('[data-testid=staff-name]').value === 'Nurse Aldridge');

  // a reset says what it does first
  await wei.getByTestId('reset-password').click();
  await look(wei, 'admin-reset');
  await wei.getByTestId('reset-submit').click();
  await wei.getByTestId('one-time-password').waitFor();
  await alma.getByTestId('once-waits').waitFor();

  // a ward in use is not closed and says why; one that is empty is
  await visit(wei, 'wards');
  await count(wei, 'ward', 2);
  await look(wei, 'admin-wards');
  await wei.getByTestId('ward').first().getByTestId('place-change').click();
  await wei.getByTestId('place-close').click();
  await wei.getByTestId('place-problems').getByText('Its desks keep the diary of: Cardiology').waitFor();
  await look(wei, 'admin-ward-in-use');
  await wei.getByTestId('ward-new').click();
  await wei.getByTestId('place-name').first().fill('Maternity');
  await wei.getByTestId('place-save').first().click();
  await count(wei, 'ward', 3);
  await visit(alma, 'wards');
  const maternity = (page) => page.getByTestId('ward').filter({ hasText: 'Maternity' });
  await maternity(alma).getByTestId('place-change').click();
  await alma.getByTestId('place-close').click();
  await wei.locator('[data-testid=ward][data-open=false]').waitFor();

  // prices: the first one says the currency, a later one is planned, those who keep the books read it
  await visit(wei, 'prices');
  await wei.getByTestId('price-of').first().getByTestId('price-change').click();
  await wei.getByTestId('price-amount').fill('60');
  await wei.getByTestId('price-currency').fill('gbp');
  await wei.getByTestId('price-save').click();
  await wei.getByTestId('price-of').first().getByText('60.00').waitFor();
  await wei.getByTestId('price-of').first().getByTestId('price-change').click();
  await wei.getByTestId('price-amount').fill('62.505');
  await wei.getByTestId('price-save').click();
  await wei.getByText('This is no amount of this currency.').waitFor();
  await look(wei, 'admin-price-form');
  await wei.getByTestId('price-amount').fill('62,50');
  const day = new Date(Date.now() + 40 * 86_400_000);
  await wei.getByTestId('price-from').fill(`${String(day.getUTCDate()).padStart(2, '0')} ${day.toLocaleString('en-GB', { month: 'short', timeZone: 'UTC' }).slice(0, 3)} ${day.getUTCFullYear()}`);
  await wei.getByTestId('price-from').press('Tab');
  await wei.getByTestId('price-save').click();
  await wei.getByTestId('price-planned').getByText('62.50').waitFor();
  await look(wei, 'admin-prices');
  await visit(zoe, 'prices');
  await zoe.getByTestId('price-planned').getByText('62.50').waitFor();
  assert.equal(await zoe.getByTestId('price-change').count(), 0);

  // what the hospital chooses: a name shows everywhere at once
  await visit(wei, 'settings');
  await wei.getByTestId('settings-idle').fill('600');
  await wei.getByTestId('settings-save').click();
  await wei.getByText('A whole number from 1 to 60.').waitFor();
  await look(wei, 'admin-settings');
  await wei.getByTestId('settings-idle').fill('5');
  await wei.getByTestId('settings-hospital').fill('St Columba’s Hospital');
  await wei.getByTestId('settings-save').click();
  await alma.locator('.brand-desk').getByText('St Columba’s Hospital').waitFor();

  // all of it stands in the log
  await visit(zoe, 'audit');
  await zoe.getByTestId('log-line').getByText('closed a ward').first().waitFor();

  assert.deepEqual(wrong, []);
  assert.deepEqual([...wei.faults, ...alma.faults, ...zoe.faults], []);
} finally {
  await close();
}
