// What a ward does on a day, at the window, against the made-up hospital.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desk, open, settled, visit } from './harness.mjs';
import { fill } from './screens.mjs';

let house;
before(async () => { house = await open(); });
after(() => house.close());

const line = (page, link) => page.locator(`[data-testid=sync-line][data-link=${link}]`).waitFor();
const offline = (page) => page.evaluate(() => window.hospital.setOnline(false));
const online = (page) => page.evaluate(() => window.hospital.setOnline(true));
const marks = (page) => page.getByTestId('sync-mark').evaluateAll((all) => all.map((mark) => mark.dataset.state));

async function done(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

async function register(page, family, given, born) {
  await visit(page, '#/patients/new');
  await page.getByLabel('Family name').fill(family);
  await page.getByLabel('Given names').fill(given);
  await page.getByLabel('Date of birth').fill(born);
  await page.getByLabel('Sex').selectOption('female');
  await page.getByTestId('register-submit').click();
  await page.getByTestId('chart-banner').waitFor();
}

test('without the network one registers, books and prescribes; it is sent when the network is back', async () => {
  const page = await desk(house);
  await offline(page);
  await line(page, 'offline');
  await register(page, 'Ødegård', 'Åse', '5.3.1984');
  const banner = await page.getByTestId('chart-banner').innerText();
  assert.match(banner, /ØDEGÅRD, Åse/);
  assert.match(banner, /05-Mar-1984/);
  assert.match(banner, /Saved here/);

  await page.getByTestId('chart-book').click();
  await page.getByLabel('Department').selectOption({ label: 'Cardiology' });
  await page.getByLabel('Doctor').selectOption({ label: 'Dr Mei Lin' });
  await page.getByLabel('Time').selectOption('16:30');
  await page.getByTestId('book-submit').click();
  await page.getByTestId('chart-prescribe').waitFor();

  await page.getByTestId('chart-prescribe').click();
  await page.locator('input[id$=-medicine]').fill('Paracetamol');
  await page.getByLabel('Dose').fill('0,5');
  await page.getByLabel('Unit').selectOption('g');
  await page.getByTestId('prescribe-sign').click();
  await page.getByText('Signed by Dr Ibrahim Musa').waitFor();
  assert.match(await page.locator('main').innerText(), /Paracetamol 0\.5.g, by mouth, once a day/);
  assert.equal(await page.getByTestId('sync-line').getAttribute('data-waiting'), '4');
  assert.ok(!(await page.locator('body').innerText()).includes('Accepted'), 'nothing is called accepted before the hospital said so');

  await visit(page, '#/sync/shutdown');
  await page.locator('[data-testid=shutdown-answer][data-safe=false]').waitFor();
  await online(page);
  await page.locator('[data-testid=shutdown-answer][data-safe=true]').waitFor();
  await page.getByTestId('search').fill('odegard');
  await page.locator('[role=option]').first().click();
  await page.getByTestId('chart-banner').waitFor();
  assert.deepEqual(await marks(page), ['accepted']);
  await done(page);
});

test('held work is edited and sent again', async () => {
  const page = await desk(house, { asked: 'user=ada&latency=20' });
  const id = '01930000-0000-7000-8000-000000000050';
  await offline(page);
  await visit(page, `#/patients/${id}/book`);
  await page.getByLabel('Department').selectOption({ label: 'Cardiology' });
  await page.getByLabel('Doctor').selectOption({ label: 'Dr Mei Lin' });
  await page.getByLabel('Time').selectOption('15:00');
  await page.getByLabel('Reason').fill('Short of breath on stairs');
  await page.getByTestId('book-submit').click();
  await page.getByTestId('chart-banner').waitFor();
  await page.evaluate(async (patient) => {
    const { appointments } = await window.hospital.chart(patient);
    window.hospital.booking.leaveSlots.add(`${appointments[0].body.practitioner} ${appointments[0].body.start}`);
  }, id);
  await online(page);
  await page.locator('[data-testid=sync-line][data-held="1"]').waitFor();

  await page.getByTestId('sync-line').click();
  assert.match(await page.getByTestId('held-item').innerText(), /on leave until/);
  await page.getByTestId('held-edit').click();
  assert.equal(await page.getByLabel('Reason').inputValue(), 'Short of breath on stairs');
  await page.getByLabel('Time').selectOption('15:30');
  await page.getByTestId('book-submit').click();
  await page.locator('[data-testid=sync-line][data-held="0"][data-waiting="0"]').waitFor();
  assert.match(await page.locator('main').innerText(), /15:30/);
  await done(page);
});

test('held work is withdrawn and brought back', async () => {
  const page = await desk(house, { asked: 'user=ada&latency=20' });
  await offline(page);
  await page.evaluate(async () => {
    const h = window.hospital;
    const { appointments } = await h.chart('01930000-0000-7000-8000-000000000007');
    const row = appointments[0];
    h.booking.leaveSlots.add(`${row.body.practitioner} 2027-03-01T10:00:00Z`);
    await h.save({ kind: 'appointment', id: row.id, base: row.heads, draft: { start: '2027-03-01T10:00:00Z' }, held: null });
    h.setOnline(true);
  });
  await page.locator('[data-testid=sync-line][data-held="1"]').waitFor();
  await visit(page, '#/sync/held');
  await page.getByTestId('held-withdraw').click();
  await page.locator('[data-testid=sync-line][data-held="0"]').waitFor();
  await page.getByText('Withdrawn (1)').click();
  await page.getByTestId('held-restore').click();
  await page.locator('[data-testid=sync-line][data-held="1"]').waitFor();
  await done(page);
});

test('what a person at the hospital decides about held work is read at the desk', async () => {
  const page = await desk(house, { asked: 'user=ada&latency=20' });
  await offline(page);
  await page.evaluate(async () => {
    const h = window.hospital;
    const { appointments } = await h.chart('01930000-0000-7000-8000-000000000007');
    const row = appointments[0];
    h.booking.leaveSlots.add(`${row.body.practitioner} 2027-03-01T10:00:00Z`);
    await h.save({ kind: 'appointment', id: row.id, base: row.heads, draft: { start: '2027-03-01T10:00:00Z' }, held: null });
    h.setOnline(true);
  });
  await page.locator('[data-testid=sync-line][data-held="1"]').waitFor();
  await visit(page, '#/sync/held');
  const decide = (decision) => page.evaluate(async (said) => {
    const [held] = await window.hospital.held();
    window.hospital.decide(held.id, said);
  }, decision);
  await decide({ who: 'Ines Costa', reason: 'The patient wants the later one' });
  await page.getByText('Ines Costa looked at this at the hospital and refused it: The patient wants the later one').waitFor();
  await page.getByTestId('held-edit').waitFor();
  await decide('release');
  await page.locator('[data-testid=sync-line][data-held="0"]').waitFor();
  await page.getByText('Nothing is held.').waitFor();
  await done(page);
});

test('a field on which two places disagree is compared and settled', async () => {
  const page = await desk(house, { asked: 'user=ada&latency=20' });
  const id = '01930000-0000-7000-8000-000000000000';
  await offline(page);
  await visit(page, `#/patients/${id}/edit`);
  await page.getByLabel('Bed').fill('A-05');
  await page.getByTestId('edit-submit').click();
  await page.getByTestId('chart-edit').waitFor();
  await page.evaluate((patient) => window.hospital.elsewhere('patient', patient, { bed: 'B-11' }), id);
  await page.getByText('Compare and choose').click();
  const text = await page.getByTestId('conflict-field').innerText();
  for (const part of ['A-01', 'A-05', 'B-11', 'Ada Okafor', 'Dr Mei Lin', 'desk 3']) assert.ok(text.includes(part), `${part} is shown`);
  await page.getByRole('button', { name: 'Keep this: A-05' }).click();
  await page.getByText('No field of this record is in disagreement.').waitFor();
  assert.match(await page.getByTestId('chart-banner').innerText(), /A-05/);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.locator('[data-testid=chart-banner]', { hasText: 'B-11' }).waitFor();
  await done(page);
});

test('a value that came after a person looked is not settled unseen, and Undo does not write over later work', async () => {
  const page = await desk(house, { asked: 'user=ada&latency=20' });
  const id = '01930000-0000-7000-8000-000000000000';
  await offline(page);
  await page.evaluate(async (patient) => {
    const h = window.hospital;
    const { heads } = await h.row('patient', patient);
    await h.save({ kind: 'patient', id: patient, base: heads, draft: { bed: 'A-05' }, held: null });
    h.elsewhere('patient', patient, { bed: 'B-11' });
  }, id);
  await visit(page, `#/conflicts/patient/${id}`);
  await page.getByRole('button', { name: 'Keep this: B-11' }).waitFor();
  await page.evaluate((patient) => {
    window.hospital.elsewhere('patient', patient, { bed: 'C-12' });
    document.querySelector('[data-testid=conflict-keep]').click();
  }, id);
  await page.getByText('Somebody wrote this field while you were looking at it.').waitFor();
  await page.getByRole('button', { name: 'Keep this: C-12' }).waitFor();

  await page.getByRole('button', { name: 'Keep this: A-05' }).click();
  await page.getByText('No field of this record is in disagreement.').waitFor();
  await page.evaluate(async (patient) => {
    const h = window.hospital;
    const { heads } = await h.row('patient', patient);
    await h.save({ kind: 'patient', id: patient, base: heads, draft: { bed: 'D-01' }, held: null });
  }, id);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('Somebody wrote this field').nth(1).waitFor();
  assert.match(await page.getByTestId('chart-banner').innerText(), /D-01/);
  await done(page);
});

test('an auditor sees who looked at a chart and printed it, a nurse does not', async () => {
  const page = await desk(house, { asked: 'user=ada&latency=20', hash: '#/patients/01930000-0000-7000-8000-000000000001' });
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  await page.getByRole('tab', { name: 'History' }).click();
  assert.equal(await page.getByTestId('audit-trail').count(), 0);
  await page.getByTestId('user-menu').click();
  await page.getByTestId('switch-user').click();
  await signIn(page, 'vera');
  await visit(page, '#/patients/01930000-0000-7000-8000-000000000001');
  await page.getByRole('tab', { name: 'History' }).click();
  await page.getByTestId('audit-trail').locator('li').first().waitFor();
  const lines = await page.getByTestId('audit-trail').locator('li').allInnerTexts();
  const said = (who, what) => lines.some((text) => text.includes(who) && text.includes(what));
  assert.ok(said('Ada Okafor', 'opened the chart') && said('Ada Okafor', 'printed the chart'), lines.join(' / '));
  assert.ok(said('Vera Novak', 'opened the chart'), lines.join(' / '));
  await done(page);
});

test('an unfinished form outlasts looking elsewhere, a change elsewhere and another user', async () => {
  const page = await desk(house, { asked: 'user=ada&latency=20' });
  const id = '01930000-0000-7000-8000-000000000001';
  await visit(page, `#/patients/${id}/edit`);
  await page.getByLabel('Bed').fill('A-40');
  await page.evaluate((patient) => window.hospital.elsewhere('patient', patient, { notes: 'Sister rang.' }), id);
  await page.getByText('Dr Mei Lin changed this record a moment ago').waitFor();
  assert.equal(await page.getByLabel('Bed').inputValue(), 'A-40');
  await visit(page, '#/today');
  await page.getByTestId('unfinished').waitFor();
  await page.getByTestId('user-menu').click();
  await page.getByTestId('switch-user').click();
  await signIn(page, 'musa');
  assert.equal(await page.getByTestId('unfinished').count(), 0, 'what one person typed is not shown to another');
  await page.getByTestId('user-menu').click();
  await page.getByTestId('switch-user').click();
  await signIn(page, 'ada');
  await page.getByTestId('unfinished').click();
  assert.equal(await page.getByLabel('Bed').inputValue(), 'A-40');
  await page.getByTestId('edit-submit').click();
  await page.getByText('Sister rang.').waitFor();
  assert.match(await page.getByTestId('chart-banner').innerText(), /A-40/);
  await done(page);
});

async function signIn(page, user) {
  await page.getByTestId('sign-in-username').fill(user);
  await page.getByTestId('sign-in-password').fill('ward');
  await page.getByTestId('sign-in-submit').click();
  await page.getByTestId('sync-line').waitFor();
}

test('a new computer is connected, loads and is signed in to', async () => {
  const page = await desk(house, { asked: 'new&latency=60', hash: '' });
  await page.getByTestId('enrol-submit').click();
  assert.equal(await page.getByText('Please fill this in.').count(), 3);
  await page.getByTestId('enrol-hub').fill('https://wardbook.example-hospital.org');
  await page.getByTestId('enrol-code').fill('nonsense');
  await page.getByTestId('enrol-name').fill('Desk 2');
  await page.getByTestId('enrol-submit').click();
  await page.getByText('This code is wrong').waitFor();
  await page.getByTestId('enrol-code').fill('AB12-CD34');
  await page.getByTestId('enrol-submit').click();
  await page.getByText(/\d+ of \d+ records/).waitFor();
  await page.getByTestId('sign-in-username').waitFor();
  await page.getByTestId('sign-in-password').fill('wrong');
  await page.getByTestId('sign-in-username').fill('ada');
  await page.getByTestId('sign-in-submit').click();
  await page.getByText('User name or password is wrong.').waitFor();
  await signIn(page, 'ada');
  assert.match(await page.locator('h1').innerText(), /Amber ward today/);
  await done(page);
});

/** Presses Tab until the element with the focus has this label or text. */
async function tabTo(page, wanted) {
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press('Tab');
    const name = await page.evaluate(() => {
      const it = document.activeElement;
      return it?.labels?.[0]?.innerText ?? it?.getAttribute('aria-label') ?? it?.innerText ?? '';
    });
    if (name.replace('*', '').trim() === wanted) return;
  }
  assert.fail(`the keyboard does not reach ${wanted}`);
}

test('everything goes by the keyboard alone', async () => {
  const page = await desk(house, { asked: 'latency=20', hash: '' });
  await page.keyboard.press('Tab');
  await tabTo(page, 'User name');
  await page.keyboard.type('musa');
  await tabTo(page, 'Password');
  await page.keyboard.type('ward');
  await page.keyboard.press('Enter');
  await page.getByTestId('sync-line').waitFor();

  await page.keyboard.press('n');
  await page.getByTestId('register-submit').waitFor();
  await tabTo(page, 'Family name');
  await page.keyboard.type('Keyes');
  await tabTo(page, 'Given names');
  await page.keyboard.type('Tabitha');
  await tabTo(page, 'Date of birth');
  await page.keyboard.type('1984');
  await page.keyboard.press('Enter');
  await page.getByTestId('chart-banner').waitFor();
  assert.match(await page.getByTestId('chart-banner').innerText(), /1984 \(about \d+y\)/);

  await page.keyboard.press('b');
  await page.getByTestId('book-submit').waitFor();
  await tabTo(page, 'Department');
  await page.keyboard.type('Card');
  await tabTo(page, 'Doctor');
  await page.keyboard.type('Dr Mei');
  await tabTo(page, 'Time');
  await page.keyboard.type('17:30');
  await page.keyboard.press('Tab');
  await tabTo(page, 'Book');
  await page.keyboard.press('Enter');
  await page.getByTestId('chart-book').waitFor();

  await page.keyboard.press('r');
  await page.getByTestId('prescribe-submit').waitFor();
  await tabTo(page, 'Medicine');
  await page.keyboard.type('Parac');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await tabTo(page, 'Dose');
  await page.keyboard.type('500');
  await page.keyboard.press('Enter');
  await page.getByText('Not signed', { exact: true }).waitFor();
  assert.match(await page.locator('main').innerText(), /Paracetamol 500.mg/);

  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await page.locator('h1', { hasText: 'today' }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('garcia lop');
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=chart-banner]', { hasText: 'GARCÍA LÓPEZ' }).waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('shut');
  await page.keyboard.press('Enter');
  await page.getByTestId('shutdown-answer').waitFor();
  await done(page);
});

test('a visit goes from arrived to seen, and the last step is undone', async () => {
  const page = await desk(house, { asked: 'user=ada&latency=20' });
  const row = page.getByTestId('row-visit').filter({ hasText: '12:00' });
  for (const [button, status] of [['Arrived', 'arrived'], ['Into the room', 'checked-in'], ['Seen', 'fulfilled']]) {
    await row.getByRole('button', { name: new RegExp(`^${button}`) }).click();
    await page.locator(`[data-testid=row-visit][data-status=${status}]`, { hasText: '12:00' }).waitFor();
  }
  await page.locator('h1').click();
  await page.keyboard.press('Control+z');
  await page.locator('[data-testid=row-visit][data-status=checked-in]', { hasText: '12:00' }).waitFor();
  await done(page);
});

test('a visit is dragged to another place of the diary, and the diary goes on paper without its buttons', async () => {
  const page = await desk(house, { asked: 'user=jonas&latency=20' });
  await fill(page);
  await visit(page, await page.evaluate(() => `#/diary/day/${window.filled.day}/department/${window.filled.department}`));
  const chip = page.locator('[data-testid=diary-visit][data-id$="000000000040"]');
  const place = page.locator('tr', { has: page.locator('th', { hasText: '16:00' }) }).locator('td.place-free').first();
  await chip.dragTo(place);
  await page.locator('tr', { has: page.locator('th', { hasText: '16:00' }) }).locator('[data-testid=diary-visit][data-id$="000000000040"]').waitFor();
  // with the focus in no field, so that it is the page's
  await page.locator('h1').click();
  await page.keyboard.press('Control+z');
  await page.locator('tr', { has: page.locator('th', { hasText: '09:30' }) }).locator('[data-testid=diary-visit][data-id$="000000000040"]').waitFor();
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.getByTestId('diary-whom').isVisible(), false);
  assert.equal(await page.getByText(/^Diary of Cardiology from/).first().isVisible(), true);
  await done(page);
});

test('a press anywhere on a row opens the chart, and what is said covers nothing', async () => {
  const page = await desk(house, { asked: 'user=ada&latency=20' });
  const visitRow = page.getByTestId('row-visit').filter({ hasText: '12:00' });
  await visitRow.getByRole('button', { name: /^Arrived/ }).click();
  const said = page.locator('.toasts .mantine-Notification-root');
  await said.waitFor();
  assert.match(page.url(), /today/, 'a button within the row is its own');
  const [toast, main] = await Promise.all([said.boundingBox(), page.locator('main').boundingBox()]);
  assert.ok(toast.x + toast.width <= main.x, 'it stands beside the screen');
  assert.ok(toast.y > (await page.getByTestId('nav-sync').boundingBox()).y + 40, 'and below the menu');
  await visitRow.locator('td').nth(2).click();
  await page.locator('[data-testid=chart-banner]', { hasText: 'TANAKA' }).waitFor();
  await visit(page, '#/patients');
  const row = page.getByTestId('row-patient').nth(3);
  const name = await row.locator('a').innerText();
  await row.locator('[role=cell]').nth(3).click();
  await page.locator('[data-testid=chart-banner]', { hasText: name }).waitFor();
  await done(page);
});

test('ten thousand patients scroll and are searched without a pause', async () => {
  const page = await desk(house, { asked: 'user=ada&patients=10000&latency=20', hash: '#/patients' });
  await page.getByTestId('row-patient').first().waitFor();
  assert.ok(await page.getByTestId('row-patient').count() < 60, 'only the rows in sight are drawn');
  for (let turn = 0; turn < 12; turn += 1) {
    await page.locator('.list-body').evaluate((list) => { list.scrollTop = list.scrollHeight; });
    await settled(page);
  }
  const reached = await page.getByTestId('row-patient').last().getAttribute('aria-rowindex');
  assert.ok(Number(reached) > 2000, `the list goes on past the first pages (row ${reached})`);
  const waited = await page.evaluate(async () => {
    const box = document.querySelector('[data-testid=search]');
    box.focus();
    const started = performance.now();
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(box, 'garc');
    box.dispatchEvent(new Event('input', { bubbles: true }));
    while (!document.querySelector('[role=option]')) await new Promise(requestAnimationFrame);
    return performance.now() - started;
  });
  assert.ok(waited < 1000, `results after ${Math.round(waited)} ms`);
  await done(page);
});
