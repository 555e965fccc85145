import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import en from '../../words/en.json';
import { readMoney, showMoney, typedMoney } from '../../parts/money';
import { Console } from '../Console';
import { FakeConsole } from '../fake';
import type { FakeMoney } from './fake';
import '../../parts/words';

function open(username: string, hash: string) {
  window.location.hash = hash;
  const hospital = new FakeConsole(username);
  render(<Console backend={hospital} />);
  return { money: hospital.money as FakeMoney, user: userEvent.setup({ delay: null }) };
}

const bill = '#/bills/01970000-0000-7000-8000-000000000001';

test.each([
  [10_500, 'INR', 'en', '105.00 INR'], [0, 'INR', 'en', '0.00 INR'], [5, 'INR', 'en', '0.05 INR'], [1_050_000, 'INR', 'en', '10,500.00 INR'], [450, 'KWD', 'en', '0.450 KWD'],
  [1_000, 'JPY', 'en', '1,000 JPY'], [-100, 'INR', 'en', '−1.00 INR'], [10_500, 'EUR', 'fr', '105,00 EUR'], [999_999_999_999, 'INR', 'en', '9,999,999,999.99 INR'],
])('%s of %s in %s is shown as %s', (minor, currency, language, expected) => {
  expect(showMoney(minor, currency, language)).toBe(expected.replace(/ (?=[A-Z]{3}$)/, '\u00a0'));
});

test.each([
  ['105', 'INR', 10_500], ['105.5', 'INR', 10_550], ['105,50', 'INR', 10_550], [' 0.01 ', 'INR', 1], ['1000', 'JPY', 1_000], ['0.45', 'KWD', 450],
  ['105.005', 'INR', null], ['1.5', 'JPY', null], ['1,000.00', 'INR', null], ['-5', 'INR', null], ['1e3', 'INR', null], ['', 'INR', null], ['٥', 'INR', null],
])('%j of %s is read as %s', (text, currency, expected) => {
  expect(readMoney(text, currency)).toBe(expected);
  if (expected !== null) expect(readMoney(typedMoney(expected, currency), currency)).toBe(expected);
});

test('a call that was not answered is made again under the same key, and the next thing has another', async () => {
  const { money, user } = open('bela', bill);
  money.isSilent = true;
  const amount = await screen.findByTestId('pay-amount');
  await user.clear(amount);
  await user.type(amount, '40');
  await user.click(screen.getByTestId('pay-submit'));
  expect(await screen.findByTestId('money-problem')).toBeVisible();
  money.isSilent = false;
  await user.click(screen.getByTestId('pay-submit'));
  await waitFor(() => expect(screen.getByTestId('bill-balance')).toHaveTextContent('65.00'));
  expect(money.keys[0]).toBe(money.keys[1]);
  await user.clear(await screen.findByTestId('refund-amount').catch(() => screen.getByTestId('pay-amount')));
  expect(new Set(money.keys).size).toBe(1);
});

test('an amount that is none is not sent, and one that is too much is refused in words', async () => {
  const { money, user } = open('bela', bill);
  const amount = await screen.findByTestId('pay-amount');
  await user.clear(amount);
  await user.type(amount, '1.005');
  await user.click(screen.getByTestId('pay-submit'));
  expect(await screen.findByText(en['problem.money.unread'])).toBeVisible();
  expect(money.keys).toEqual([]);
  await user.clear(amount);
  await user.type(amount, '1000');
  await user.click(screen.getByTestId('pay-submit'));
  expect(await screen.findByText(/Only .* is owed/)).toBeVisible();
});

test('a refund is agreed to by somebody else, and handed out by a cashier alone', async () => {
  const { user } = open('mona', '#/refunds');
  const lines = await screen.findAllByTestId('refund');
  expect(lines).toHaveLength(2);
  expect(screen.queryByTestId('refund-hand-out')).toBeNull();
  await user.click(within(lines[0]!).getByTestId('refund-agree'));
  await waitFor(() => expect(screen.getAllByTestId('refund')[0]).toHaveAttribute('data-state', 'pending'));
});

test('something is settled with a reason and stays on the list of everything', async () => {
  const { user } = open('mona', '#/exceptions');
  expect(await screen.findAllByTestId('exception')).toHaveLength(2);
  await user.click(screen.getAllByTestId('settle')[0]!);
  expect(await screen.findByTestId('money-problem')).toBeVisible();
  await user.type(screen.getAllByTestId('settle-reason')[0]!, 'Counted again');
  await user.click(screen.getAllByTestId('settle')[0]!);
  await waitFor(() => expect(screen.getAllByTestId('exception')).toHaveLength(1));
  await user.click(screen.getByText('Everything'));
  expect(await screen.findByText('Counted again')).toBeVisible();
});

test('an auditor reads the books and changes nothing', async () => {
  open('vera', '#/exceptions');
  expect(await screen.findAllByTestId('exception')).toHaveLength(2);
  expect(screen.queryByTestId('settle')).toBeNull();
  expect(screen.queryByTestId('reconcile')).toBeNull();
});

test('a charge says how far it is, speaks for its part, and is let go of', async () => {
  const { money, user } = open('bela', bill);
  money.gateway = 'stripe';
  const amount = await screen.findByTestId('charge-amount');
  expect(amount).toHaveValue('105.00');
  await user.clear(amount);
  await user.type(amount, '40');
  await user.click(screen.getByTestId('charge-submit'));
  const line = await screen.findByTestId('charge');
  expect(line).toHaveAttribute('data-state', 'waiting');
  expect(line).toHaveTextContent(en['charges.is.waiting']);
  expect(screen.getByTestId('bill-balance')).toHaveTextContent('105.00');
  expect(screen.getByTestId('charge-amount')).toHaveValue('65.00');
  await user.click(within(line).getByTestId('charge-cancel'));
  await waitFor(() => expect(screen.getByTestId('charge')).toHaveAttribute('data-state', 'cancelled'));
  expect(screen.getByTestId('charge-amount')).toHaveValue('105.00');
});

test('a terminal of the hospital is believed by its slip alone', async () => {
  const { money, user } = open('bela', bill);
  await user.click(await screen.findByTestId('charge-submit'));
  expect(await screen.findByText(en['problem.payment.no_slip'])).toBeVisible();
  expect(money.keys).toEqual([]);
  await user.type(screen.getByTestId('charge-source'), '0042');
  await user.click(screen.getByTestId('charge-submit'));
  await waitFor(() => expect(screen.getByTestId('bill-balance')).toHaveTextContent('0.00'));
  expect(screen.getByTestId('charge')).toHaveAttribute('data-state', 'taken');
});

test('without anybody who takes cards none are offered', async () => {
  const { money } = open('bela', '#/bills');
  money.gateway = null;
  window.location.hash = bill;
  expect(await screen.findByTestId('pay-amount')).toBeVisible();
  expect(screen.queryByTestId('charge-amount')).toBeNull();
});

test('a late charge has a bill of its own that names the first one', async () => {
  const { user } = open('bela', bill);
  await user.click(await screen.findByTestId('supplement-submit'));
  expect(await screen.findByText(en['problem.money.unread'])).toBeVisible();
  await user.type(screen.getByTestId('supplement-net'), '40');
  await user.click(screen.getByTestId('supplement-submit'));
  expect(await screen.findByText(en['problem.required'])).toBeVisible();
  await user.type(screen.getByTestId('supplement-what'), 'Dressing');
  await user.click(screen.getByTestId('supplement-submit'));
  expect(await screen.findByTestId('bill-first')).toHaveTextContent('1');
  expect(screen.getByTestId('bill-balance')).toHaveTextContent('42.00');
  expect(screen.queryByTestId('supplement-what')).toBeNull();
  await user.click(screen.getByTestId('bill-first'));
  expect(await screen.findByTestId('supplement-what')).toBeVisible();
  expect(screen.getByTestId('bill')).toHaveTextContent('Dressing');
});

test('an insurance ends on a day that is not before its first', async () => {
  const { money, user } = open('bela', '#/account/01970000-0000-7000-8000-000000000100');
  const day = await screen.findByTestId('coverage-until');
  await user.clear(day);
  await user.type(day, '31-Dec-2025');
  await user.click(screen.getByTestId('coverage-end'));
  expect(await screen.findByText(en['problem.coverage.days'])).toBeVisible();
  await user.clear(day);
  await user.type(day, '31-Dec-2026');
  await user.click(screen.getByTestId('coverage-end'));
  await waitFor(() => expect(screen.getByTestId('coverage')).toHaveAttribute('data-until', '2026-12-31'));
  expect(money.coverages_[0]!.until).toBe('2026-12-31');
});

test('what an insurer covers too much is somebody’s, with a reason', async () => {
  const { money, user } = open('bela', '#/bills');
  money.excess = { minor: 4_700, patient_max: 4_000 };
  window.location.hash = '#/claims/01970000-0000-7000-8000-000000000080';
  await user.click(await screen.findByTestId('excess-insurer'));
  expect(await screen.findByText(en['problem.required'])).toBeVisible();
  expect(screen.queryByTestId('excess-patient'), 'the patient did not pay so much').toBeNull();
  await user.type(screen.getByTestId('excess-reason'), 'The insurer was late');
  await user.click(screen.getByTestId('excess-insurer'));
  await waitFor(() => expect(screen.queryByTestId('excess-insurer')).toBeNull());
  expect(money.whose).toBe('insurer');
});

test('money without a bill is the patient’s, pays a bill, and no more than is left', async () => {
  const { user } = open('bela', '#/account/01970000-0000-7000-8000-000000000100');
  await user.type(await screen.findByTestId('advance-amount'), '100');
  await user.click(screen.getByTestId('advance-submit'));
  const left = await screen.findByTestId('account-left');
  expect(left).toHaveAttribute('data-minor', '10000');
  // the oldest bill is offered, with as much as is left
  expect(within(left).getByTestId('spend-amount')).toHaveValue('65.00');
  await user.selectOptions(within(left).getByTestId('spend-bill'), within(left).getByText(/^Bill 1 /));
  const amount = within(left).getByTestId('spend-amount');
  expect(amount).toHaveValue('100.00');
  await user.clear(amount);
  await user.type(amount, '105');
  await user.click(within(left).getByTestId('spend-submit'));
  expect(await within(left).findByTestId('money-problem')).toBeVisible();
  await user.clear(amount);
  await user.type(amount, '60');
  await user.click(within(left).getByTestId('spend-submit'));
  await waitFor(() => expect(screen.getByTestId('account-left')).toHaveAttribute('data-minor', '4000'));
});
