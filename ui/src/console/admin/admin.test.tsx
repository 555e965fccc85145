import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { Console } from '../Console';
import { FakeConsole } from '../fake';
import '../../parts/words';

function open(username: string | null, hash = '#/') {
  window.location.hash = hash;
  const hospital = new FakeConsole(username);
  render(<Console backend={hospital} />);
  return { hospital, user: userEvent.setup({ delay: null }) };
}

const idOf = (hospital: FakeConsole, username: string) => hospital.reference_.staff.find((one) => one.username === username)!.id;

test('somebody is added with a password that is shown once, and what is wrong stands at its field', async () => {
  const { hospital, user } = open('wei', '#/staff');
  await user.click(await screen.findByTestId('staff-new'));
  await user.type(await screen.findByTestId('staff-username'), 'nora');
  await user.click(screen.getByTestId('staff-save'));
  expect(await screen.findByTestId('staff-problems')).toHaveFocus();
  expect(screen.getByTestId('staff-name')).toBeInvalid();
  expect(screen.getByText('Choose at least one role.')).toBeVisible();
  expect(screen.getByTestId('staff-username')).toHaveValue('nora');
  await user.type(screen.getByTestId('staff-name'), 'Nora Quist');
  await user.click(screen.getByLabelText('nurse'));
  await user.click(screen.getByTestId('staff-save'));
  expect(await screen.findByTestId('one-time-password')).toHaveTextContent('ONCE-ONLY-ABCD-EFGH');
  expect(hospital.reference_.staff.at(-1)).toMatchObject({ username: 'nora', name: 'Nora Quist', roles: ['nurse'] });
  await user.click(screen.getByRole('link', { name: 'Back to all staff' }));
  expect(await screen.findByTestId('staff-once')).toBeVisible();
  expect(document.body).not.toHaveTextContent('ONCE-ONLY');
});

test('what another administrator changed meanwhile is shown beside what was typed, and neither is lost', async () => {
  const { hospital, user } = open('wei', '#/staff');
  const musa = idOf(hospital, 'musa');
  await user.click(await screen.findByRole('link', { name: 'Dr Ibrahim Musa' }));
  const name = await screen.findByTestId('staff-name');
  await user.type(name, ' MD');
  act(() => {
    hospital.reference_ = { ...hospital.reference_, staff: hospital.reference_.staff.map((one) => (one.id === musa ? { ...one, roles: ['doctor', 'manager'] } : one)) };
    hospital.tell('reference');
  });
  expect(await screen.findByTestId('moved')).toHaveTextContent('doctor, clinical manager');
  expect(name).toHaveValue('Dr Ibrahim Musa MD');
  await user.click(screen.getByTestId('staff-save'));
  expect(await screen.findByTestId('staff-problems')).toHaveTextContent('Another administrator has changed this person');
  expect(name).toHaveValue('Dr Ibrahim Musa MD');
  await user.click(screen.getByTestId('moved-reopen'));
  expect(name).toHaveValue('Dr Ibrahim Musa');
  expect(screen.getByLabelText('clinical manager')).toBeChecked();
  await user.type(name, ' MD');
  await user.click(screen.getByTestId('staff-save'));
  await waitFor(() => expect(hospital.reference_.staff.find(({ id }) => id === musa)).toMatchObject({ name: 'Dr Ibrahim Musa MD', roles: ['doctor', 'manager'] }));
});

test('an untouched form shows what another administrator changed', async () => {
  const { hospital } = open('wei', '#/staff');
  const musa = idOf(hospital, 'musa');
  act(() => { window.location.hash = `#/staff/${musa}`; });
  expect(await screen.findByTestId('staff-name')).toHaveValue('Dr Ibrahim Musa');
  act(() => {
    hospital.reference_ = { ...hospital.reference_, staff: hospital.reference_.staff.map((one) => (one.id === musa ? { ...one, name: 'Prof Musa' } : one)) };
    hospital.tell('reference');
  });
  await waitFor(() => expect(screen.getByTestId('staff-name')).toHaveValue('Prof Musa'));
  expect(screen.queryByTestId('moved')).toBeNull();
});

test('one\u2019s own roles cannot be touched, and one\u2019s own sign-in is elsewhere', async () => {
  const { hospital } = open('wei');
  act(() => { window.location.hash = `#/staff/${idOf(hospital, 'wei')}`; });
  expect(await screen.findByTestId('role-admin')).toBeDisabled();
  expect(screen.queryByTestId('reset-password')).toBeNull();
  expect(screen.getByRole('link', { name: 'My account' })).toHaveAttribute('href', '#/own');
});

test('a reset says what it does before it is done, and is not done over another', async () => {
  const { hospital, user } = open('wei');
  const mona = idOf(hospital, 'mona');
  act(() => { window.location.hash = `#/staff/${mona}`; });
  await user.click(await screen.findByTestId('reset-factor'));
  expect(screen.getByTestId('reset-ask')).toHaveTextContent('up to 72 hours');
  act(() => { hospital.onceUntil[mona] = '2090-02-02T00:00:00Z'; });
  await user.click(screen.getByTestId('reset-submit'));
  expect(await screen.findByText(/Another administrator has changed this person/)).toBeVisible();
  await waitFor(() => expect(screen.getByTestId('once-waits')).toBeVisible());
  await user.click(screen.getByTestId('reset-submit'));
  expect(await screen.findByTestId('one-time-password')).toBeVisible();
  expect(hospital.hasFactor[mona]).toBe(false);
});

test('whoever was given a password chooses their own, sets up an authenticator, and is at work then', async () => {
  const { hospital, user } = open(null);
  const mona = idOf(hospital, 'mona');
  hospital.onceUntil[mona] = '2090-01-01T00:00:00Z';
  hospital.hasFactor[mona] = false;
  await user.type(await screen.findByTestId('sign-in-username'), 'mona');
  await user.type(screen.getByTestId('sign-in-password'), 'ONCE-ONLY-ABCD-EFGH');
  await user.click(screen.getByTestId('sign-in-submit'));
  const chosen = await screen.findByTestId('sign-in-new');
  expect(chosen).toHaveFocus();
  await user.type(chosen, 'short');
  await user.click(screen.getByTestId('sign-in-submit'));
  expect(await screen.findByText('Too short: at least 15 characters.')).toBeVisible();
  await user.type(chosen, ' but now it is long');
  await user.click(screen.getByTestId('sign-in-submit'));
  expect(await screen.findByText(/your role asks for a second factor/)).toBeVisible();
  expect(screen.queryByRole('navigation')).toBeNull();
  await user.click(screen.getByTestId('factor-submit'));
  expect(await screen.findByRole('img', { name: /Code to scan/ })).toBeVisible();
  const code = screen.getByTestId('factor-code');
  await user.type(code, '000000{Enter}');
  expect(await screen.findByText(/not the digits of the new authenticator/)).toBeVisible();
  await user.clear(code);
  await user.type(code, '123456{Enter}');
  expect(await screen.findByRole('navigation')).toBeVisible();
});

test('one\u2019s own password is changed knowing the old one', async () => {
  const { user } = open('bela', '#/own');
  await user.type(await screen.findByTestId('own-password'), 'a guess');
  await user.type(screen.getByTestId('own-new'), 'short');
  await user.click(screen.getByTestId('own-save'));
  expect(await screen.findByText('This is not the password you have now.')).toBeVisible();
  expect(screen.getByText('Too short: at least 15 characters.')).toBeVisible();
  expect(screen.queryByTestId('factor-submit')).toBeNull();
});

test('a ward in use is not closed, all that stands in the way is named, and the name typed stays', async () => {
  const { hospital, user } = open('wei', '#/wards');
  await user.click(within((await screen.findAllByTestId('ward'))[0]!).getByTestId('place-change'));
  await user.type(await screen.findByTestId('place-name'), ' 2');
  await user.click(screen.getByTestId('place-close'));
  const said = await screen.findByTestId('place-problems');
  for (const text of ['Patients are still on it: 12', 'Amber desk 1', 'Cardiology, General medicine']) expect(said).toHaveTextContent(text);
  expect(screen.getByTestId('place-name')).toHaveValue('Amber ward 2');
  await user.click(screen.getByTestId('place-save'));
  await waitFor(() => expect(hospital.reference_.wards.some(({ name }) => name === 'Amber ward 2')).toBe(true));
});

test('a ward and its department are added, and closed again', async () => {
  const { hospital, user } = open('wei', '#/wards');
  await user.click(await screen.findByTestId('ward-new'));
  await user.click(screen.getByTestId('place-save'));
  expect(await screen.findByText('Please fill this in.')).toBeVisible();
  await user.type(screen.getByTestId('place-name'), 'Maternity');
  await user.click(screen.getByTestId('place-save'));
  await waitFor(() => expect(screen.getAllByTestId('ward')).toHaveLength(3));
  await user.click(screen.getByTestId('department-new'));
  await user.type(screen.getByTestId('place-name'), 'Obstetrics');
  await user.selectOptions(screen.getByTestId('place-ward'), 'Maternity');
  await user.click(screen.getByTestId('place-save'));
  await waitFor(() => expect(screen.getAllByTestId('department')).toHaveLength(4));
  await user.click(within(screen.getAllByTestId('department')[3]!).getByTestId('place-change'));
  await user.click(screen.getByTestId('place-close'));
  await waitFor(() => expect(screen.getAllByTestId('department')[3]).toHaveTextContent('closed'));
  expect(Object.keys(hospital.admin.closedDepartments)).toHaveLength(1);
});

test('a price is planned, read by those who keep the books, and not set over another', async () => {
  const { hospital, user } = open('wei', '#/prices');
  const [first] = await screen.findAllByTestId('price-of');
  expect(within(first!).getByTestId('price-now')).toHaveTextContent('60.00 GBP');
  expect(within(first!).getByTestId('price-history')).toHaveTextContent('55.00 GBP');
  await user.click(within(first!).getByTestId('price-change'));
  const amount = screen.getByTestId('price-amount');
  await user.clear(amount);
  await user.type(amount, '62.505');
  await user.click(screen.getByTestId('price-save'));
  expect(await screen.findByText('This is no amount of this currency.')).toBeVisible();
  await user.clear(amount);
  await user.type(amount, '62,50');
  const line = hospital.admin.prices_[0]!;
  hospital.admin.prices_ = [{ ...line, id: 9, net: { ...line.net, amount_minor: 6_100 } }, ...hospital.admin.prices_.slice(1)];
  await user.click(screen.getByTestId('price-save'));
  expect(await screen.findByTestId('price-problems')).toHaveTextContent('Somebody else has set a price here meanwhile');
  expect(await screen.findByTestId('moved')).toHaveTextContent('61.00');
  expect(amount).toHaveValue('62,50');
  await user.click(screen.getByTestId('moved-go-on'));
  await user.click(screen.getByTestId('price-save'));
  await waitFor(() => expect(hospital.admin.prices_[0]).toMatchObject({ department: null, net: { amount_minor: 6_250, currency: 'GBP' } }));
});

test('who may not set prices reads them', async () => {
  open('vera', '#/prices');
  expect((await screen.findAllByTestId('price-now')).length).toBeGreaterThan(1);
  expect(screen.queryByTestId('price-change')).toBeNull();
});

test('settings keep their bounds, are not chosen over another, and nothing typed is lost', async () => {
  const { hospital, user } = open('wei', '#/settings');
  const idle = await screen.findByTestId('settings-idle');
  await user.clear(idle);
  await user.type(idle, 'ten');
  await user.click(screen.getByTestId('settings-save'));
  expect(await screen.findByText('A whole number from 1 to 60.')).toBeVisible();
  expect(idle).toHaveValue('ten');
  await user.clear(idle);
  await user.type(idle, '5');
  act(() => {
    hospital.admin.chosen.offlineHours = 48;
    hospital.tell('reference');
  });
  expect(await screen.findByTestId('moved')).toHaveTextContent('48');
  await user.click(screen.getByTestId('settings-save'));
  expect(await screen.findByTestId('settings-problems')).toHaveTextContent('Another administrator has changed the settings');
  expect(idle).toHaveValue('5');
  await user.click(screen.getByTestId('moved-reopen'));
  await user.clear(idle);
  await user.type(idle, '5');
  await user.click(screen.getByTestId('settings-save'));
  await waitFor(() => expect(hospital.admin.chosen).toEqual({ idleMinutes: 5, offlineHours: 48 }));
});
