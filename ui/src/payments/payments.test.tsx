import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../app';
import { FakeHospital } from '../backend/fake';
import { patientId } from '../backend/fake-people';
import { moneyText, readMoney } from '../parts/money';
import '../parts/words';

const maria = patientId(0);
let hospital: FakeHospital;

beforeEach(() => {
  hospital = new FakeHospital({ patients: 30, latencyMs: 1, signedIn: 'paul' });
  vi.spyOn(window, 'print').mockImplementation(() => {});
  // the pictures of a sheet are never read here
  HTMLImageElement.prototype.decode = async () => {};
});

async function open(hash: string) {
  window.location.hash = hash;
  render(<App backend={hospital} />);
  await screen.findByRole('heading', { level: 1 });
  return userEvent.setup({ delay: null });
}

const state = async () => (await screen.findByTestId('taken')).querySelector('[data-testid=receipt-state]')!.getAttribute('data-state');

test('name, Enter, what was given, Enter: the receipt, the change, and Enter prints', async () => {
  const user = await open('#/cashier');
  const box = await screen.findByTestId('cashier-search');
  expect(box, 'the keyboard is there already').toHaveFocus();
  await user.type(box, 'garc');
  await waitFor(() => expect(box).toHaveAttribute('aria-activedescendant'));
  await user.keyboard('{Enter}');
  const given = await screen.findByTestId('pay-given');
  expect(given).toHaveFocus();
  expect(screen.getByTestId('pay-amount'), 'the oldest bill').toHaveValue('105.00');
  await user.keyboard('200');
  expect(screen.getByTestId('pay-change')).toHaveTextContent('Change 95.00 INR');
  await user.keyboard('{Enter}');
  const taken = await screen.findByTestId('taken');
  expect(taken).toHaveTextContent('Give back 95.00 INR');
  await waitFor(async () => expect(await state()).toBe('posted'));
  expect(screen.getByTestId('taken-print')).toHaveFocus();
  await user.keyboard('{Enter}');
  await waitFor(() => expect(window.print).toHaveBeenCalledTimes(1));
});

test('without the network it says what cannot be done, and what is not posted until it is', async () => {
  hospital.setOnline(false);
  const user = await open(`#/cashier/${maria}`);
  expect(await screen.findByTestId('cashier-offline')).toHaveTextContent('Refunds');
  await screen.findByTestId('pay-given');
  await user.keyboard('{Enter}');
  expect(await state()).toBe('recorded');
  expect(screen.getByTestId('taken')).toHaveTextContent('Recorded here – not yet posted');
  const line = screen.getByTestId('sync-line');
  await waitFor(() => expect(line).toHaveTextContent('Recorded here – not yet posted (1 item, 0 min old)'));
  window.location.hash = '#/sync/shutdown';
  const answer = await screen.findByTestId('shutdown-answer');
  expect(answer).toHaveAttribute('data-safe', 'false');
  expect(screen.getByTestId('shutdown-unposted')).toBeInTheDocument();
  hospital.setOnline(true);
  await waitFor(() => expect(answer).toHaveAttribute('data-safe', 'true'));
  expect(line).not.toHaveTextContent('not yet posted');
});

test('what contradicts the books is said at the desk that took it', async () => {
  hospital.setOnline(false);
  const user = await open(`#/cashier/${maria}`);
  await screen.findByTestId('pay-given');
  await user.keyboard('{Enter}');
  await screen.findByTestId('taken');
  hospital.money.paidElsewhere(1);
  hospital.setOnline(true);
  await waitFor(async () => expect(await state()).toBe('looked'));
  expect(screen.getByTestId('taken')).toHaveTextContent('the bill was paid already');
});

test('leaving with money that is not posted is asked twice', async () => {
  hospital.setOnline(false);
  const user = await open(`#/cashier/${maria}`);
  await screen.findByTestId('pay-given');
  await user.keyboard('{Enter}');
  await screen.findByTestId('taken');
  const leave = async () => {
    await user.click(screen.getByTestId('user-menu'));
    await user.click(await screen.findByTestId('switch-user'));
  };
  await leave();
  expect(await screen.findByTestId('leave-dialog')).toHaveAttribute('data-step', '1');
  await user.click(screen.getByTestId('leave-stay'));
  expect(screen.getByTestId('taken'), 'nobody left').toBeInTheDocument();
  await leave();
  await user.click(await screen.findByTestId('leave-anyway'));
  expect(await screen.findByTestId('leave-dialog')).toHaveAttribute('data-step', '2');
  await user.click(screen.getByTestId('leave-now'));
  await waitFor(() => expect(screen.queryByTestId('taken')).toBeNull());
});

test('a mistake is made void with a reason; both stay, and it is owed again', async () => {
  hospital.setOnline(false);
  const user = await open(`#/cashier/${maria}`);
  await screen.findByTestId('pay-given');
  await user.keyboard('{Enter}');
  await user.click(await screen.findByTestId('receipt-void'));
  await user.click(await screen.findByTestId('void-submit'));
  expect(await screen.findByTestId('void-reason')).toBeInvalid();
  await user.type(screen.getByTestId('void-reason'), 'the wrong patient{Enter}');
  await waitFor(() => expect(screen.getAllByTestId('receipt')).toHaveLength(2));
  expect(screen.getAllByTestId('receipt')[0]).toHaveTextContent('Makes 26A1-K7Q-000001 void: the wrong patient');
  const bill = screen.getAllByTestId('bill').find((row) => row.dataset.number === '1')!;
  expect(within(bill).getAllByText('105.00 INR')).toHaveLength(2);
});

test('what is wrong is said beside its field, and a cheque has a number', async () => {
  hospital.setOnline(false);
  const user = await open(`#/cashier/${maria}`);
  const amount = await screen.findByTestId('pay-amount');
  await user.clear(amount);
  await user.type(amount, '105.01{Enter}');
  await waitFor(() => expect(screen.getByTestId('pay-amount')).toBeInvalid());
  await user.clear(amount);
  await user.type(amount, 'much{Enter}');
  expect(await screen.findByText(/Type an amount/)).toBeInTheDocument();
  await user.clear(amount);
  await user.type(amount, '50,5');
  await user.click(screen.getByTestId('pay-cheque'));
  await user.keyboard('{Enter}');
  const number = await screen.findByTestId('pay-reference');
  await waitFor(() => expect(number).toBeInvalid());
  await user.type(number, '000451{Enter}');
  expect(await screen.findByTestId('taken')).toHaveTextContent('50.50 INR, no change');
});

test('bills stand on the chart for those who take money, with how old they are', async () => {
  await open(`#/patients/${maria}`);
  expect(await screen.findByTestId('chart-pay')).toBeInTheDocument();
  expect(screen.getByTestId('account-as-of')).toHaveTextContent(/as of/);
});

test('who takes no money has no cashier', async () => {
  hospital = new FakeHospital({ patients: 30, latencyMs: 1, signedIn: 'ada' });
  await open(`#/cashier/${maria}`);
  expect(await screen.findByText('Those who take money see bills here.')).toBeInTheDocument();
  expect(screen.queryByTestId('nav-cashier')).toBeNull();
});

test('amounts are read as they are typed', () => {
  const check = (typed: string, currency: string, expected: number | null) => expect(readMoney(typed, currency), typed).toBe(expected);
  check('105', 'INR', 10_500);
  check('105,5', 'INR', 10_550);
  check(' 1 000.05 ', 'INR', 100_005);
  check('105.005', 'INR', null);
  check('0.450', 'KWD', 450);
  check('50', 'JPY', 50);
  check('50.1', 'JPY', null);
  for (const wrong of ['', '-1', '1e3', 'a', '1.2.3']) check(wrong, 'INR', null);
  expect(moneyText({ amount_minor: 5, currency: 'INR' })).toBe('0.05 INR');
  expect(moneyText({ amount_minor: 450, currency: 'KWD' })).toBe('0.450 KWD');
});
