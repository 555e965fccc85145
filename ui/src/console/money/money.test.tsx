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
