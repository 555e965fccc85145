// Every screen, in light and dark, as a ward sees it. `show` brings the screen about.
const maria = '01930000-0000-7000-8000-000000000000';
const prescription = '01950000-0000-7000-8000-000000000001';
const appointment = '01940000-0000-7000-8000-000000000007';

const hospital = (page, act) => page.evaluate(act);

async function held(page) {
  await hospital(page, async () => {
    const h = window.hospital;
    h.setOnline(false);
    const { appointments } = await h.chart('01930000-0000-7000-8000-000000000007');
    const row = appointments[0];
    h.booking.leaveSlots.add(`${row.body.practitioner} 2027-03-01T10:00:00Z`);
    await h.save({ kind: 'appointment', id: row.id, base: row.heads, draft: { start: '2027-03-01T10:00:00Z', reason: 'Needs an earlier visit' }, held: null });
    h.setOnline(true);
  });
  await page.locator('[data-testid=sync-line][data-held="1"]').waitFor();
}

async function choose(page) {
  await page.locator('#field-department').selectOption({ label: 'Cardiology' });
  await page.locator('#field-practitioner').selectOption({ label: 'Dr Mei Lin' });
  await page.getByTestId('next-free').first().click();
  await page.getByTestId('promise').waitFor();
}

async function lose(page) {
  await hospital(page, async () => {
    const h = window.hospital;
    h.setOnline(false);
    const { appointments } = await h.chart('01930000-0000-7000-8000-000000000007');
    const row = appointments[0];
    h.booking.takenSlots.add(`${row.body.practitioner} 2027-03-01T10:00:00Z`);
    await h.save({ kind: 'appointment', id: row.id, base: row.heads, draft: { start: '2027-03-01T10:00:00Z' }, held: null });
    h.setOnline(true);
  });
  await page.getByTestId('rebook-item').waitFor();
}

async function leaveOpen(page) {
  await hospital(page, () => {
    const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
    for (const n of [4, 6, 7]) window.hospital.elsewhere('appointment', `01940000-0000-7000-8000-00000000000${n}`, { start: `${day}T1${n}:00:00Z` });
  });
  await page.getByTestId('unresolved-item').nth(2).waitFor();
}

async function disagree(page) {
  await hospital(page, async () => {
    const h = window.hospital;
    const id = '01930000-0000-7000-8000-000000000000';
    h.setOnline(false);
    const row = await h.row('patient', id);
    await h.save({ kind: 'patient', id, base: row.heads, draft: { bed: 'A-05', alert: [{ id: row.body.alert[0].id, text: 'Fall risk: uses a frame' }] }, held: null });
    h.elsewhere('patient', id, { bed: 'B-11', alert: [{ id: row.body.alert[0].id, text: 'Fall risk: never alone in the bathroom' }] });
  });
}

async function waiting(page) {
  await hospital(page, async () => {
    const h = window.hospital;
    h.setOnline(false);
    for (const n of [3, 4]) {
      const id = `01930000-0000-7000-8000-00000000000${n}`;
      const row = await h.row('patient', id);
      await h.save({ kind: 'patient', id, base: row.heads, draft: { bed: `A-2${n}`, notes: 'Slept well.' }, held: null });
    }
    h.pretend({ clockAheadS: 420, numbersLeft: 12 });
  });
}

async function stranger(page) {
  await page.getByTestId('emergency-reason').fill('Collapsed in the lift, does not answer');
  await page.getByTestId('emergency-password').fill('ward');
  await page.getByTestId('emergency-open').click();
  await page.getByTestId('emergency-search').fill('zimm');
  await page.getByTestId('emergency-found').click();
  await page.getByTestId('emergency-summary').waitFor();
}

async function review(page) {
  await hospital(page, () => {
    window.hospital.access.openedBefore(80);
    window.hospital.access.openedBefore(3);
  });
  await page.getByTestId('review-password').fill('ward');
  await page.getByTestId('review-show').click();
  await page.getByTestId('review-item').first().waitFor();
}

const cashier = 'user=paul&latency=20';

/** Money is taken while the network is away. */
async function take(page) {
  await hospital(page, () => window.hospital.setOnline(false));
  await page.getByTestId('pay-given').fill('200');
  await page.keyboard.press('Enter');
  await page.getByTestId('taken').waitFor();
}

async function look(page) {
  await page.getByTestId('audit-password').fill('ward');
  await page.getByTestId('audit-look').click();
}

/** A day of the diary on which places are taken, waited for, lost, and all given away. */
export async function fill(page) {
  await hospital(page, async () => {
    const h = window.hospital;
    const { departments, wards, schedules } = await h.reference();
    const [musa, lin] = schedules.map((one) => one.practitioner);
    const day = new Date(Date.now() + 9 * 86_400_000).toISOString().slice(0, 10);
    const [made, decided] = [[], []];
    const book = async (n, practitioner, time, status) => {
      const id = `01960000-0000-7000-8000-${String(n).padStart(12, '0')}`;
      const draft = { patient: `01930000-0000-7000-8000-${String(n).padStart(12, '0')}`, practitioner, department: departments[0].id, ward: wards[0].id, start: `${day}T${time}:00Z`, minutes: 30, status: 'booked', reason: 'Blood pressure review' };
      made.push(h.save({ kind: 'appointment', id, base: null, draft, held: null }));
      decided.push(() => h.elsewhere('appointment', id, { status }));
    };
    const times = ['09:00', '09:30', '10:00', '10:30', '11:00', '11:30', '12:00', '14:30'];
    for (const [n, time] of times.entries()) await book(20 + n, musa, time, n === 2 ? 'pending' : 'booked');
    for (const [n, time] of ['09:30', '10:00', '15:00'].entries()) await book(40 + n, lin, time, ['booked', 'pending', 'waitlist'][n]);
    await Promise.all(made);
    // once the hospital has answered: what it decided would stand beside this otherwise
    while ((await h.status()).waiting > 0) await new Promise(requestAnimationFrame);
    decided.forEach((decide) => decide());
    window.filled = { day, department: departments[0].id, doctor: musa, visit: '01960000-0000-7000-8000-000000000041' };
  });
}

async function diary(page, address) {
  await fill(page);
  await page.evaluate((of) => {
    const { day, department, doctor, visit } = window.filled;
    location.hash = of.replace('DAY', day).replace('DEPARTMENT', department).replace('DOCTOR', doctor).replace('VISIT', visit);
  }, address);
  await page.locator('.diary').waitFor();
}

export const screens = [
  { name: 'enrol', asked: 'new', hash: '#/' },
  { name: 'loading', asked: 'latency=20', hash: '#/', show: (page) => page.evaluate(() => window.hospital.pretend({ link: 'loading', progress: [4200, 10000] })) },
  { name: 'sign-in', asked: '', hash: '#/' },
  { name: 'today', hash: '#/today', asked: 'user=ada&latency=20' },
  { name: 'today-empty', hash: '#/today/2031-01-01' },
  { name: 'patients', hash: '#/patients' },
  { name: 'search', hash: '#/patients', show: async (page) => { await page.getByTestId('search').fill('garcia lop'); await page.locator('[role=option]').first().waitFor(); } },
  { name: 'chart', hash: `#/patients/${maria}` },
  { name: 'chart-details', hash: `#/patients/${maria}`, show: (page) => page.getByRole('tab').nth(1).click() },
  { name: 'chart-history', hash: `#/patients/${maria}`, show: async (page) => { await disagree(page); await page.getByRole('tab').nth(2).click(); } },
  { name: 'chart-audit', hash: `#/patients/${maria}`, asked: 'user=vera&latency=20', show: async (page) => { await page.getByRole('tab').nth(2).click(); await page.getByTestId('audit-trail').waitFor(); } },
  { name: 'register', hash: '#/patients/new' },
  { name: 'register-problems', hash: '#/patients/new', show: async (page) => { await page.locator('[id$="-value"]').first().fill('1'); await page.getByTestId('register-submit').click(); await page.getByTestId('problem-summary').waitFor(); } },
  { name: 'edit', hash: `#/patients/${maria}/edit` },
  { name: 'allergy', hash: `#/patients/${maria}/allergy` },
  { name: 'book-whom', hash: '#/book' },
  { name: 'book', hash: `#/patients/${maria}/book` },
  { name: 'book-chosen', hash: `#/patients/${maria}/book`, show: choose },
  { name: 'move', hash: `#/appointments/${appointment}/move` },
  { name: 'rebooking', hash: '#/rebooking', show: lose },
  { name: 'unresolved', hash: '#/unresolved', show: leaveOpen },
  { name: 'cancel', hash: `#/appointments/${appointment}/cancel` },
  { name: 'prescribe', hash: `#/patients/${maria}/prescribe`, show: async (page) => { await page.locator('[id$="-medicine"]').first().fill('Penicillin V'); await page.locator('.warning-text').waitFor(); await page.keyboard.press('Escape'); } },
  { name: 'prescription-stop', hash: `#/prescriptions/${prescription}/stop` },
  { name: 'diary-today', hash: '#/diary' },
  { name: 'diary-day', hash: '#/diary', show: (page) => diary(page, '#/diary/day/DAY/department/DEPARTMENT') },
  { name: 'diary-chosen', hash: '#/diary', show: async (page) => { await diary(page, '#/diary/day/DAY/department/DEPARTMENT'); await page.locator('[data-testid=diary-visit][data-status=pending]').first().click(); await page.getByTestId('diary-panel').waitFor(); } },
  { name: 'diary-moving', hash: '#/diary', show: (page) => diary(page, '#/diary/day/DAY/department/DEPARTMENT/move/VISIT') },
  { name: 'diary-week', hash: '#/diary', show: (page) => diary(page, '#/diary/week/DAY/department/DEPARTMENT') },
  { name: 'diary-doctor-week', hash: '#/diary', show: (page) => diary(page, '#/diary/week/DAY/doctor/DOCTOR') },
  { name: 'diary-empty', hash: '#/diary/day/2027-03-01/department/nobody' },
  { name: 'board', hash: '#/board' },
  { name: 'board-empty', hash: '#/board/nobody' },
  { name: 'walk-in-whom', hash: '#/walk-in' },
  { name: 'walk-in', hash: `#/patients/${maria}/walk-in` },
  { name: 'repeat', hash: `#/appointments/${appointment}/repeat` },
  { name: 'repeat-done', hash: `#/appointments/${appointment}/repeat`, show: async (page) => { await page.getByTestId('repeat-submit').click(); await page.getByTestId('repeat-answers').waitFor(); } },
  { name: 'waiting', hash: '#/sync', show: waiting },
  { name: 'waiting-none', hash: '#/sync' },
  { name: 'held', hash: '#/sync/held', show: held },
  { name: 'held-edit', hash: '#/sync/held', show: async (page) => { await held(page); await page.getByTestId('held-edit').click(); await page.getByTestId('book-submit').waitFor(); } },
  { name: 'conflicts', hash: '#/sync/conflicts', show: disagree },
  { name: 'conflict', hash: '#/sync/conflicts', show: async (page) => { await disagree(page); await page.locator('[data-testid=conflict-item] a').click(); await page.getByTestId('conflict-field').first().waitFor(); } },
  { name: 'shutdown-safe', hash: '#/sync/shutdown' },
  { name: 'shutdown-waiting', hash: '#/sync/shutdown', show: waiting },
  { name: 'cashier', hash: '#/cashier', asked: cashier },
  { name: 'cashier-bill', hash: `#/cashier/${maria}`, asked: cashier, show: async (page) => { await page.getByTestId('pay-given').fill('200'); await page.getByText('Change 95.00 INR').waitFor(); } },
  { name: 'cashier-problems', hash: `#/cashier/${maria}`, asked: cashier, show: async (page) => { await page.getByTestId('pay-amount').fill('900'); await page.getByTestId('pay-given').fill('x'); await page.getByTestId('pay-submit').click(); await page.locator('[aria-invalid=true]').first().waitFor(); } },
  { name: 'cashier-offline', hash: `#/cashier/${maria}`, asked: cashier, show: take },
  { name: 'cashier-void', hash: `#/cashier/${maria}`, asked: cashier, show: async (page) => { await take(page); await page.getByTestId('receipt-void').click(); await page.getByTestId('void-reason').waitFor(); } },
  { name: 'cashier-none', hash: '#/cashier/01930000-0000-7000-8000-000000000005', asked: cashier },
  { name: 'cashier-not-allowed', hash: `#/cashier/${maria}` },
  { name: 'chart-account', hash: `#/patients/${maria}`, asked: cashier },
  { name: 'shutdown-unposted', hash: `#/cashier/${maria}`, asked: cashier, show: async (page) => { await take(page); await page.evaluate(() => { location.hash = '#/sync/shutdown'; }); await page.getByTestId('shutdown-unposted').waitFor(); } },
  { name: 'leave-unposted', hash: `#/cashier/${maria}`, asked: cashier, show: async (page) => { await take(page); await page.getByTestId('user-menu').click(); await page.getByTestId('switch-user').click(); await page.getByTestId('leave-dialog').waitFor(); } },
  { name: 'emergency', hash: '#/emergency' },
  { name: 'emergency-problems', hash: '#/emergency', show: async (page) => { await page.getByTestId('emergency-open').click(); await page.getByText(/at least 10 char|10 caract/).first().waitFor(); } },
  { name: 'emergency-summary', hash: '#/emergency', show: stranger },
  { name: 'emergency-ended', hash: '#/emergency', show: async (page) => { await stranger(page); await page.getByTestId('emergency-end').click(); await page.getByTestId('emergency-ended').waitFor(); } },
  { name: 'emergency-elsewhere', hash: '#/emergency', show: async (page) => { await stranger(page); await page.evaluate(() => { location.hash = '#/patients'; }); await page.getByTestId('row-patient').first().waitFor(); } },
  { name: 'emergency-review', hash: '#/emergency/review', asked: 'user=mona&latency=20', show: review },
  { name: 'emergency-review-offline', hash: '#/emergency/review', asked: 'user=mona&latency=20', show: (page) => hospital(page, () => window.hospital.setOnline(false)) },
  { name: 'audit', hash: '#/audit', asked: 'user=vera&latency=20', show: async (page) => { await look(page); await page.getByTestId('audit-found').waitFor(); } },
  { name: 'audit-bad', hash: '#/audit', asked: 'user=vera&latency=20', show: async (page) => { await hospital(page, () => window.hospital.audit.tamper()); await look(page); await page.getByTestId('audit-found').waitFor(); } },
  { name: 'audit-offline', hash: '#/audit', asked: 'user=vera&latency=20', show: (page) => hospital(page, () => window.hospital.setOnline(false)) },
  { name: 'roles', hash: '#/roles' },
  { name: 'help', hash: '#/help' },
  { name: 'palette', hash: '#/today', show: async (page) => { await page.keyboard.press('Control+k'); await page.locator('[role=dialog] input').first().waitFor(); } },
  { name: 'keys', hash: '#/today', show: async (page) => { await page.keyboard.press('?'); await page.locator('[role=dialog]').waitFor(); } },
  { name: 'user-menu', hash: '#/today', show: async (page) => { await page.getByTestId('user-menu').click(); await page.getByTestId('switch-user').waitFor(); } },
  // the central console
  { name: 'console-notices', hash: '#/notices', asked: 'console&user=mona', show: (page) => page.getByTestId('notice').first().waitFor() },
  { name: 'console-notices-over', hash: '#/notices', asked: 'console&user=mona', show: async (page) => { await page.locator('input[value=over]').locator('..').click(); await page.locator('[data-state=over]').waitFor(); } },
  { name: 'console-overview', hash: '#/', asked: 'console&user=mona', show: (page) => page.locator('[data-testid=bars] svg').nth(4).waitFor() },
  { name: 'console-overview-90', hash: '#/overview', asked: 'console&user=vera', show: async (page) => { await page.getByText('90 days', { exact: true }).click(); await page.locator('[data-day="2026-12-02"]').first().waitFor(); } },
  { name: 'console-overview-empty', hash: '#/roles', asked: 'console&user=mona', show: async (page) => { await hospital(page, () => { window.hospital.overview.isEmpty = true; location.hash = '#/overview'; }); await page.getByTestId('overview-lags').waitFor(); } },
  { name: 'console-overview-visits', hash: '#/visits/came~2027-03-01~2027-03-01~', asked: 'console&user=mona', show: (page) => page.getByTestId('overview-visit').first().waitFor() },
  { name: 'console-overview-takings', hash: '#/takings/billed~2027-03-01~2027-03-01~INR', asked: 'console&user=vera', show: (page) => page.getByTestId('overview-taking').first().waitFor() },
  { name: 'console-sign-in', hash: '#/', asked: 'console', show: async (page) => { await page.evaluate(() => { window.hospital.hasDirectory = true; }); await page.getByTestId('sign-in-username').fill('mona'); await page.getByTestId('sign-in-password').fill('ward'); await page.getByTestId('sign-in-submit').click(); await page.getByTestId('sign-in-code').waitFor(); } },
  { name: 'console-held', hash: '#/held', asked: 'console&user=mona', show: (page) => page.getByTestId('held-item').first().waitFor() },
  { name: 'console-held-none', hash: '#/held', asked: 'console&user=mona', show: (page) => hospital(page, () => { window.hospital.held_ = []; window.hospital.tell('held'); }) },
  { name: 'console-held-one', hash: '#/held', asked: 'console&user=mona', show: async (page) => { await page.locator('[data-testid=held-item] a').first().click(); await page.getByTestId('held-refuse').click(); await page.getByTestId('held-problem').waitFor(); } },
  { name: 'console-devices', hash: '#/devices', asked: 'console&user=mona', show: (page) => page.getByTestId('device').first().waitFor() },
  { name: 'console-wipe', hash: '#/devices', asked: 'console&user=mona', show: async (page) => { await page.getByTestId('device-wipe').nth(1).click(); await page.getByTestId('wipe-submit').click(); await page.getByText(/This is not its name|Ce n’est pas son nom/).waitFor(); } },
  { name: 'console-staff', hash: '#/staff', asked: 'console&user=wei', show: (page) => page.getByTestId('staff-line').first().waitFor() },
  { name: 'console-hours', hash: '#/hours', asked: 'console&user=mona', show: (page) => page.getByTestId('doctor').first().waitFor() },
  { name: 'console-doctor', hash: '#/hours', asked: 'console&user=mona', show: async (page) => { await page.locator('[data-testid=doctor] a').first().click(); await page.getByTestId('leave-add').click(); await page.getByTestId('hours-save').click(); await page.getByTestId('hours-outside').waitFor(); } },
  { name: 'console-doctor-problems', hash: '#/hours', asked: 'console&user=mona', show: async (page) => { await page.locator('[data-testid=doctor] a').first().click(); await page.locator('[data-testid="hours/0"] select').nth(1).selectOption('08:00:00'); await page.getByTestId('hours-save').click(); await page.getByTestId('hours-problems').waitFor(); } },
  { name: 'console-audit', hash: '#/audit', asked: 'console&user=vera', show: async (page) => { await page.getByTestId('log-line').first().waitFor(); await page.getByTestId('log-look').click(); await page.getByTestId('audit-found').waitFor(); } },
  { name: 'console-audit-bad', hash: '#/roles', asked: 'console&user=vera', show: async (page) => { await hospital(page, () => { window.hospital.isTampered = true; location.hash = '#/audit'; }); await page.getByTestId('log-line').first().waitFor(); await page.getByTestId('log-look').click(); await page.getByTestId('audit-found').waitFor(); } },
  { name: 'console-emergency', hash: '#/emergency', asked: 'console&user=mona', show: (page) => page.getByTestId('review-item').first().waitFor() },
  { name: 'console-roles', hash: '#/roles', asked: 'console&user=wei', show: (page) => page.getByTestId('roles').waitFor() },
  { name: 'console-down', hash: '#/roles', asked: 'console&user=mona', show: async (page) => { await hospital(page, () => { window.hospital.isDown = true; window.hospital.tell(null); location.hash = '#/devices'; }); await page.getByTestId('not-read').waitFor(); } },
  { name: 'console-missing', hash: '#/staff', asked: 'console&user=mona' },
];
