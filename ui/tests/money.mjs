// Money at the central console against a real hub, which a test of the hub starts (sync-server/tests/hub/money_journey.rs): what
// a cashier and a clinical manager do, each screen looked at by axe, light and dark, wide and at 320 pixels.
import assert from 'node:assert/strict';
import { close, look, open, signIn, wrong } from './console-harness.mjs';

const visit = async (page, room) => { await page.getByTestId(`nav-${room}`).click(); await page.locator('main h1').waitFor(); };
const count = (page, testId, expected) => page.waitForFunction(([id, n]) => document.querySelectorAll(`[data-testid=${id}]`).length === n, [testId, expected]);
const balance = (page, text) => page.getByTestId('bill-balance').getByText(text).waitFor();
const bill = async (page, number) => {
  await visit(page, 'bills');
  await page.getByTestId('bills-text').fill(String(number));
  await page.getByTestId('bills-search').click();
  await count(page, 'bill', 1);
  await page.getByRole('link', { name: `Bill ${number}` }).click();
  await page.getByTestId('bill-sums').waitFor();
};

try {
  const bela = await open();
  await signIn(bela, 'bela', { hasCode: false });
  const mia = await open();
  await signIn(mia, 'mia');
  assert.equal(await mia.getByTestId('nav-bills').count(), 0, 'a clinical manager takes no payments');

  // three bills, found by the hospital number and by their own
  await count(bela, 'bill', 3);
  await look(bela, 'bills');
  await bela.getByTestId('bills-text').fill('nobody');
  await bela.getByTestId('bills-search').click();
  await bela.getByText('No bill is like that.').waitFor();

  // paid in part, a part taken back, the rest paid
  await bill(bela, 1);
  await bela.getByText('García').waitFor();
  await look(bela, 'bill-open');
  await bela.getByTestId('pay-amount').fill('1.005');
  await bela.getByTestId('pay-submit').click();
  await bela.getByText('This is no amount of this currency.').waitFor();
  await bela.getByTestId('pay-amount').fill('4000');
  await bela.getByTestId('pay-submit').click();
  await balance(bela, '17,000.00');
  await bela.getByTestId('credit-amount').fill('1000');
  await bela.getByTestId('credit-reason').fill('Agreed beforehand');
  await bela.getByTestId('credit-submit').click();
  await balance(bela, '16,000.00');
  await bela.getByTestId('pay-amount').fill('16000');
  await bela.getByTestId('pay-submit').click();
  await balance(bela, '0.00');
  await count(bela, 'bill-payment', 2);

  // a large refund: somebody else agrees, and it is handed out
  await bela.getByTestId('refund-amount').fill('15000');
  await bela.getByTestId('refund-reason').fill('Seen by another doctor');
  await bela.getByTestId('refund-submit').click();
  await bela.getByText('The refund is noted.').waitFor();
  await look(bela, 'bill-paid');
  await visit(bela, 'refunds');
  await bela.getByText('Somebody else has to do this.').waitFor();
  await visit(mia, 'refunds');
  await look(mia, 'refunds');
  await mia.getByTestId('refund-agree').click();
  await mia.locator('[data-testid=refund][data-state=pending]').waitFor();
  await bela.reload();
  await bela.getByTestId('refund-drawer').fill('front');
  await bela.getByTestId('refund-hand-out').click();
  await bela.getByText('Nothing goes back to anybody.').waitFor();
  await bela.getByText('Everything', { exact: true }).click();
  await bela.locator('[data-testid=refund][data-state=succeeded]').waitFor();
  await look(bela, 'refunds-all');

  // a late charge has a bill of its own, paid by the slip of the hospital's terminal; the slip is good once
  await bill(bela, 1);
  await bela.getByTestId('supplement-what').fill('Dressing of the hand');
  await bela.getByTestId('supplement-net').fill('400');
  await bela.getByTestId('supplement-submit').click();
  await bela.getByTestId('bill-first').waitFor();
  await balance(bela, '420.00');
  await bela.getByTestId('charge-amount').fill('20');
  await bela.getByTestId('charge-submit').click();
  await bela.getByText('Enter the number of the slip that the terminal printed.').waitFor();
  await bela.getByTestId('charge-source').fill('0042');
  await bela.getByTestId('charge-submit').click();
  await bela.locator('[data-testid=charge][data-state=taken]').waitFor();
  await balance(bela, '400.00');
  await bela.getByTestId('charge-source').fill('0042');
  await bela.getByTestId('charge-submit').click();
  await bela.locator('[data-testid=charge][data-state=failed]').waitFor();
  await bela.locator('[data-testid=charge][data-state=taken]').scrollIntoViewIfNeeded();
  await look(bela, 'bill-supplement');

  // a bill that was a mistake
  await bill(bela, 3);
  await bela.getByTestId('void-submit').click();
  await bela.getByTestId('money-problem').waitFor();
  await bela.getByTestId('void-reason').fill('Written twice');
  await bela.getByTestId('void-submit').click();
  await bela.locator('.mark', { hasText: 'void' }).waitFor();

  // an insurer is noted, asked, answers and pays
  await bill(bela, 2);
  await bela.getByTestId('bill-patient').click();
  await bela.getByTestId('coverage-payor').fill('Mutual');
  await bela.getByTestId('coverage-subscriber').fill('M-1');
  await bela.getByTestId('coverage-add').click();
  await count(bela, 'coverage', 1);
  await bela.getByTestId('coverage-until').fill('31-Dec-2020');
  await bela.getByTestId('coverage-end').click();
  await bela.getByText('The last day is before the first.').waitFor();
  await bela.getByTestId('coverage-until').fill('31-Dec-2030');
  await bela.getByTestId('coverage-end').click();
  await bela.locator('[data-testid=coverage][data-until="2030-12-31"]').waitFor();
  await bela.getByTestId('advance-amount').fill('150');
  await bela.getByTestId('advance-submit').click();
  await bela.locator('[data-testid=account-left][data-minor="15000"]').waitFor();
  await bela.getByTestId('spend-amount').fill('100');
  await bela.getByTestId('spend-submit').click();
  await bela.locator('[data-testid=account-left][data-minor="5000"]').waitFor();
  await bela.getByTestId('coverage-add').scrollIntoViewIfNeeded();
  await look(bela, 'account');
  await bill(bela, 2);
  await bela.getByTestId('claim-make').click();
  await bela.getByTestId('claim-submit').click();
  await bela.getByTestId('claim-response').waitFor();
  const claim = decodeURIComponent(new URL(bela.url()).hash.split('/').at(-1));
  await bela.getByTestId('claim-response').fill('{}');
  await bela.getByTestId('claim-answer').click();
  await bela.getByTestId('money-problem').waitFor();
  const total = (code, value) => ({ category: { coding: [{ code }] }, amount: { value, currency: 'INR' } });
  const response = { resourceType: 'ClaimResponse', id: 'r', outcome: 'complete', request: { reference: `Claim/${claim}` }, total: [total('benefit', 14000.5), total('contractual', 0)] };
  await bela.getByTestId('claim-response').fill(JSON.stringify(response));
  await bela.getByTestId('claim-answer').click();
  await bela.getByTestId('claim-paid-amount').waitFor();
  await look(bela, 'claim');
  await bela.getByTestId('claim-paid-amount').fill('10000');
  await bela.getByTestId('claim-paid').click();
  await bela.locator('.mark', { hasText: 'paid in part' }).waitFor();
  await visit(bela, 'claims');
  await count(bela, 'claim', 1);
  await look(bela, 'claims');

  // the drawer is short; the day is closed when it was counted, and no second time
  await visit(bela, 'days');
  await look(bela, 'days-open');
  await bela.getByTestId('day').first().getByRole('link').click();
  await bela.getByTestId('day-close').click();
  await bela.getByText(/Count the drawer front first/).waitFor();
  await look(bela, 'day');
  await visit(bela, 'days');
  await bela.getByTestId('count-amount').fill('4999');
  await bela.getByTestId('count-left').fill('500');
  await bela.getByTestId('count-submit').click();
  await bela.getByTestId('drawer-counted').first().getByText(/short/).waitFor();
  await bela.getByTestId('settlement-file').setInputFiles({ name: 's.csv', mimeType: 'text/csv', buffer: Buffer.from('reference,payment,kind,amount,currency,at\nch_1,,charge,7.00,INR,2026-11-20T10:00:00Z\n') }).catch(async () => {
    await bela.locator('input[type=file]').setInputFiles({ name: 's.csv', mimeType: 'text/csv', buffer: Buffer.from('reference,payment,kind,amount,currency,at\nch_1,,charge,7.00,INR,2026-11-20T10:00:00Z\n') });
  });
  await bela.getByTestId('settlement-submit').click();
  await count(bela, 'settlement', 1);
  await look(bela, 'days-counted');
  await bela.getByTestId('day').first().getByRole('link').click();
  await bela.getByTestId('day-close').click();
  await bela.getByText('The day is closed.').waitFor();
  await visit(bela, 'days');
  await count(bela, 'day', 2);

  // what does not add up is found, and settled by the clinical manager
  await visit(mia, 'exceptions');
  await mia.getByTestId('reconcile').click();
  await count(mia, 'exception', 2);
  await look(mia, 'exceptions');
  // they stand in the list of decisions as well, until they are settled here
  await visit(mia, 'conflicts');
  await mia.getByTestId('items-kind').selectOption('money');
  await count(mia, 'item', 2);
  await look(mia, 'conflicts-money');
  await mia.getByTestId('item').getByRole('link', { name: 'The books' }).first().click();
  await count(mia, 'exception', 1);
  await look(mia, 'exception-one');
  await visit(mia, 'exceptions');
  await count(mia, 'exception', 2);
  const short = mia.locator('[data-testid=exception][data-kind=DRAWER_COUNT]');
  await short.getByTestId('settle-reason').fill('Counted by two, one note missing');
  await short.getByTestId('settle').click();
  await count(mia, 'exception', 1);
  await visit(mia, 'conflicts');
  await mia.getByTestId('items-kind').selectOption('money');
  await count(mia, 'item', 1);
  // what was billed and what came in today, and the journals behind it
  await visit(mia, 'overview');
  await mia.getByTestId('overview-money-sum').getByTestId('figure-received').waitFor();
  await look(mia, 'overview-money');
  await mia.getByTestId('overview-money-sum').getByTestId('figure-billed').click();
  await mia.getByTestId('overview-taking').first().waitFor();
  await look(mia, 'overview-takings');
  await visit(mia, 'exceptions');
  await mia.getByText('Everything', { exact: true }).click();
  await mia.getByText('Counted by two, one note missing').waitFor();
  await look(mia, 'exceptions-all');

  // the books add up, and are given out
  await visit(mia, 'ledger');
  await mia.getByTestId('ledger-sum').waitFor();
  await look(mia, 'ledger');
  await mia.getByRole('link', { name: /Cash over or short/ }).click();
  await count(mia, 'entry', 1);
  await look(mia, 'statement');
  const downloading = mia.waitForEvent('download');
  await mia.getByText('Give out as a table (CSV)').click();
  assert.equal((await downloading).suggestedFilename(), 'books.csv');

  assert.deepEqual(wrong, []);
  assert.deepEqual([...mia.faults, ...bela.faults], []);
} finally {
  await close();
}
