// The central console against a real hub, which a test of the hub starts (sync-server/tests/hub/console_journey.rs): what a
// clinical manager and an administrator do there, each screen looked at by axe, light and dark, wide and at 320 pixels.
import assert from 'node:assert/strict';
import { close, look, open, signIn, wrong } from './console-harness.mjs';

const visit = async (page, room) => { await page.getByTestId(`nav-${room}`).click(); await page.locator('main h1').waitFor(); };
/** Closes what was said at the edge of the window. */
async function quiet(page) {
  const close = page.locator('.mantine-Notification-closeButton');
  while ((await close.count()) > 0) await close.first().click({ timeout: 5_000 }).catch(() => undefined);
}
const count = (page, testId, expected) => page.waitForFunction(([id, n]) => document.querySelectorAll(`[data-testid=${id}]`).length === n, [testId, expected]);

try {
  // nobody is let in without the password and the code
  const mia = await open();
  await mia.getByTestId('sign-in-username').fill('mia');
  await mia.getByTestId('sign-in-password').fill('a guess');
  await mia.getByTestId('sign-in-submit').click();
  await mia.getByText('User name or password is wrong.').waitFor();
  await look(mia, 'sign-in');
  await signIn(mia, 'mia');
  assert.equal(await mia.getByTestId('nav-staff').count(), 0, 'a clinical manager runs no accounts');
  const cookies = await mia.context().cookies();
  assert.ok(cookies.every(({ httpOnly, secure, sameSite }) => httpOnly && secure && sameSite === 'Strict'), 'no script reads the session');

  // the whole: each figure leads to what it counts, over other days and of one department as well
  const today = mia.getByTestId('overview-day').first();
  await today.getByTestId('figure-came').getByText('2', { exact: true }).waitFor();
  await mia.locator('[data-testid=overview-items] [data-testid=bars] svg').first().waitFor();
  await look(mia, 'overview');
  await mia.getByText('30 days', { exact: true }).click();
  await count(mia, 'overview-day', 30);
  await mia.getByTestId('overview-department').selectOption({ label: 'Surgery' });
  await mia.getByText('No visits on these days.').waitFor();
  await mia.getByTestId('overview-department').selectOption({ label: 'Cardiology' });
  await today.getByTestId('figure-came').click();
  await count(mia, 'overview-visit', 2);
  await look(mia, 'overview-visits');
  await mia.getByText('Back to the overview').click();
  await mia.locator('[data-testid=overview-kind][data-kind=hard]').getByTestId('figure-open').click();
  await count(mia, 'item', 2);
  assert.equal(await mia.getByTestId('items-kind').inputValue(), 'hard');

  // held work: one piece is let in, one refused
  await visit(mia, 'held');
  await count(mia, 'held-item', 2);
  await look(mia, 'held');
  await mia.locator('[data-testid=held-item] a').first().click();
  await mia.getByTestId('held-fields').getByText('Blood group').waitFor();
  await look(mia, 'held-one');
  await mia.getByTestId('held-release').click();
  await count(mia, 'held-item', 1);
  await mia.locator('[data-testid=held-item] a').first().click();
  await mia.getByTestId('held-refuse').click();
  await mia.getByTestId('held-problem').waitFor();
  await mia.getByTestId('held-reason').fill('The doctor writes this');
  await mia.getByTestId('held-refuse').click();
  await mia.getByText('Nothing waits for a decision.').waitFor();
  await mia.getByText('Everything', { exact: true }).click();
  await count(mia, 'held-item', 2);

  // decisions of the rules: narrowed, one looked at, settled, taken back and settled with another; two records made one and parted
  await visit(mia, 'conflicts');
  await mia.getByTestId('items-kind').selectOption('hard');
  await count(mia, 'item', 2);
  await look(mia, 'conflicts');
  await mia.locator('[data-testid=item] a').first().click();
  await mia.getByTestId('item-sides').getByText('A-03').first().waitFor();
  await look(mia, 'conflict');
  await mia.getByTestId('item-take-0').click();
  await mia.getByTestId('item-settled').getByText('taken over').waitFor();
  await mia.getByTestId('item-undo').click();
  await mia.getByTestId('item-keep').waitFor();
  await visit(mia, 'conflicts');
  await mia.getByTestId('items-kind').selectOption('hard');
  await count(mia, 'item', 2);
  await mia.locator('[data-testid=item] a').first().focus();
  await mia.keyboard.press('x');
  await mia.keyboard.press('ArrowDown');
  await mia.keyboard.press('x');
  await mia.getByText('2 marked').waitFor();
  await look(mia, 'conflicts-marked');
  await mia.getByTestId('bulk-restore').click();
  await mia.getByText('Nothing waits to be looked at.').waitFor();
  await mia.getByTestId('items-kind').selectOption('duplicate');
  await count(mia, 'item', 1);
  await mia.locator('[data-testid=item] a').first().click();
  await mia.getByTestId('pair-for').getByText('same national number').waitFor();
  await look(mia, 'pair');
  await mia.getByTestId('pair-merge').first().click();
  await mia.getByTestId('pair-part').waitFor();
  await look(mia, 'pair-merged');
  await mia.getByTestId('pair-part').click();
  await mia.getByTestId('pair-part').waitFor({ state: 'detached' });
  await quiet(mia);

  // workstations: let in, suspended and taken back; an administrator beside sees it happen
  const wei = await open();
  await signIn(wei, 'wei');
  await visit(wei, 'devices');
  await visit(mia, 'devices');
  const trolley = (page) => page.getByTestId('device').filter({ hasText: 'Trolley' });
  const stands = (page, standing) => page.locator(`[data-testid=device][data-standing=${standing}]`, { hasText: 'Trolley' }).waitFor();
  await stands(wei, 'pending');
  await trolley(mia).getByTestId('device-approve').click();
  await stands(wei, 'active');
  await trolley(mia).getByTestId('device-suspend').click();
  await stands(wei, 'suspended');
  await mia.getByRole('button', { name: 'Undo' }).click();
  await stands(wei, 'active');
  await look(mia, 'devices');

  // emptied by its name alone, and kept again
  await trolley(wei).getByTestId('device-wipe').click();
  await wei.getByTestId('wipe-name').fill('Desk');
  await wei.getByTestId('wipe-submit').click();
  await wei.getByText('This is not its name. It is called Trolley.').waitFor();
  await look(wei, 'wipe');
  await wei.getByTestId('wipe-name').fill('Trolley');
  await wei.getByTestId('wipe-submit').click();
  await stands(mia, 'wipe_after_upload');
  await trolley(mia).getByTestId('device-keep').click();
  await stands(wei, 'suspended');

  // an administrator suspends an account and takes it back, never their own
  await visit(wei, 'staff');
  const nurse = wei.getByTestId('staff-line').filter({ hasText: 'Test nurse' });
  await nurse.getByTestId('staff-suspend').click();
  await nurse.getByTestId('staff-resume').waitFor();
  await look(wei, 'staff');
  await nurse.getByTestId('staff-resume').click();
  await nurse.getByTestId('staff-suspend').waitFor();
  assert.equal(await wei.getByTestId('staff-line').filter({ hasText: 'You' }).getByRole('button').count(), 0);

  // a doctor's hours: a mistake is marked, the rest is saved and taken back
  await visit(mia, 'hours');
  await look(mia, 'hours');
  await mia.getByRole('link', { name: /Change the hours of Test doctor/ }).click();
  const monday = mia.getByTestId('hours/0');
  await monday.getByLabel('To').selectOption('08:00:00');
  await mia.getByTestId('hours-save').click();
  await mia.getByTestId('hours-problems').getByText('Monday: The end is after the beginning.').waitFor();
  await look(mia, 'doctor');
  await monday.getByLabel('To').selectOption('12:00:00');
  await mia.getByTestId('leave-add').click();
  await mia.getByTestId('hours-save').click();
  await mia.getByText('The hours are changed.').waitFor();
  await visit(wei, 'hours');
  await wei.getByTestId('doctor').getByText('Monday 09:00–12:00').waitFor();
  await mia.getByRole('button', { name: 'Undo' }).last().click();
  await wei.getByTestId('doctor').getByText('Monday 09:00–18:00').waitFor();

  // the emergency access is reviewed once
  await visit(mia, 'emergency');
  await mia.getByTestId('review-item').waitFor();
  await look(mia, 'emergency');
  await mia.getByTestId('review-question').click();
  await mia.locator('.danger-text').first().waitFor();
  await mia.getByTestId('review-accept').click();
  await mia.getByText('Nothing waits for a review.').waitFor();

  // all of it stands in the log, and the log is whole
  await visit(mia, 'audit');
  await mia.getByTestId('log-line').getByText('let held work in').waitFor();
  await mia.getByTestId('log-look').click();
  await mia.getByTestId('audit-found').getByText('Everything is as it was written.').waitFor();
  await look(mia, 'audit');
  await mia.getByTestId('log-what').selectOption('alarms');
  await mia.getByTestId('log-search').click();
  await mia.getByText('Nothing of this kind is in the log.').waitFor();
  // how the hub is: the log was verified a moment ago
  await visit(mia, 'health');
  await mia.locator('[data-code="health.audit_whole"]').waitFor();
  await look(mia, 'health');
  const [file] = await Promise.all([mia.waitForEvent('download'), mia.getByTestId('support-file').click()]);
  assert.equal(file.suggestedFilename(), 'wardbook-support.tar.zst');
  await visit(mia, 'events');
  await mia.getByText('Nothing waits and nothing was set aside.').waitFor();
  await look(mia, 'events');
  await visit(mia, 'help');
  await count(mia, 'runbook', 4);
  await look(mia, 'help');
  await mia.getByTestId('runbook-link').first().click();
  await count(mia, 'runbook', 1);
  await visit(mia, 'roles');
  await look(mia, 'roles');

  // who signs out leaves nothing behind, and the way back shows the door
  await mia.getByTestId('user-menu').click();
  await mia.getByTestId('sign-out').click();
  await mia.getByTestId('sign-in-username').waitFor();
  await mia.goBack();
  await mia.getByTestId('sign-in-username').waitFor();
  assert.deepEqual(await mia.context().cookies(), []);

  assert.deepEqual(wrong, []);
  assert.deepEqual([...mia.faults, ...wei.faults], []);
} finally {
  await close();
}
