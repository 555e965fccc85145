import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { Console } from './Console';
import { FakeConsole } from './fake';
import { httpBackend } from './http';
import { Refused } from './backend';
import { href, parse, type ConsoleRoute } from './route';
import '../parts/words';

function open(username: string | null, hash = '#/') {
  window.location.hash = hash;
  const hospital = new FakeConsole(username);
  render(<Console backend={hospital} />);
  return { hospital, user: userEvent.setup({ delay: null }) };
}

const rooms = () => within(screen.getByRole('navigation')).getAllByRole('link').map((link) => link.dataset.testid?.replace('nav-', ''));

test('signing in asks for the code of those who decide what others may do', async () => {
  const { user } = open(null);
  await user.type(await screen.findByTestId('sign-in-username'), 'mona');
  await user.type(screen.getByTestId('sign-in-password'), 'wrong');
  await user.click(screen.getByTestId('sign-in-submit'));
  expect(await screen.findByText('User name or password is wrong.')).toBeVisible();
  await user.clear(screen.getByTestId('sign-in-password'));
  await user.type(screen.getByTestId('sign-in-password'), 'ward');
  await user.click(screen.getByTestId('sign-in-submit'));
  expect(await screen.findByTestId('sign-in-code')).toHaveFocus();
  await user.type(screen.getByTestId('sign-in-code'), '123456{Enter}');
  expect(await screen.findByRole('heading', { level: 1, name: 'Overview' })).toBeVisible();
});

test.each([
  ['mona', ['overview', 'held', 'conflicts', 'emergency', 'notices', 'devices', 'hours', 'refunds', 'claims', 'exceptions', 'days', 'ledger', 'prices', 'audit', 'health', 'events', 'roles', 'help']],
  ['wei', ['overview', 'devices', 'staff', 'wards', 'hours', 'claims', 'exceptions', 'days', 'ledger', 'prices', 'health', 'events', 'settings', 'roles', 'help']],
  ['vera', ['overview', 'claims', 'exceptions', 'days', 'ledger', 'prices', 'audit', 'roles', 'help']],
  ['bela', ['bills', 'refunds', 'claims', 'exceptions', 'days', 'ledger', 'prices', 'roles', 'help']],
  ['farah', ['conflicts', 'roles', 'help']],
])('%s has the menu of their role', async (username, expected) => {
  open(username);
  await screen.findByRole('navigation');
  expect(rooms()).toEqual(expected);
});

test('an address that is not for a role says so and reads nothing', async () => {
  const { hospital } = open('vera', '#/staff');
  const read = vi.spyOn(hospital, 'staff');
  expect(await screen.findByText(/your role has no access/)).toBeVisible();
  expect(read).not.toHaveBeenCalled();
});

test('held work shows what it writes beside the record, and is refused with a reason only', async () => {
  const { hospital, user } = open('mona', '#/held');
  await user.click(within((await screen.findAllByTestId('held-item'))[0]!).getByRole('link'));
  const cells = within(await screen.findByTestId('held-fields')).getAllByRole('row').map((row) => row.textContent);
  expect(cells[2]).toContain('A-05');
  expect(cells[2]).toContain('A-06');
  await user.click(screen.getByTestId('held-refuse'));
  expect(await screen.findByTestId('held-problem')).toHaveTextContent('Please fill this in');
  await user.type(screen.getByTestId('held-reason'), 'Ask the doctor');
  await user.click(screen.getByTestId('held-refuse'));
  await waitFor(() => expect(screen.getAllByTestId('held-item')).toHaveLength(2));
  expect(hospital.held_[0]).toMatchObject({ reason: 'Ask the doctor', line: { state: 'refused' } });
});

test('work that can never be part of the record has no button to let it in', async () => {
  open('mona', `#/held/${'2a4f'.padEnd(64, '7')}`);
  expect(await screen.findByTestId('held-refuse')).toBeVisible();
  expect(screen.queryByTestId('held-release')).toBeNull();
});

test('decisions are narrowed, marked by keyboard and settled together, and that is taken back', async () => {
  const { hospital, user } = open('mona', '#/conflicts');
  expect(await screen.findAllByTestId('item')).toHaveLength(3);
  await user.selectOptions(screen.getByTestId('items-kind'), 'soft');
  await waitFor(() => expect(screen.getAllByTestId('item')).toHaveLength(1));
  await user.selectOptions(screen.getByTestId('items-kind'), '');
  await waitFor(() => expect(screen.getAllByTestId('item')).toHaveLength(3));
  expect(screen.getByTestId('bulk-keep')).toBeDisabled();
  within(screen.getAllByTestId('item')[0]!).getByRole('link').focus();
  await user.keyboard('x{ArrowDown}x');
  expect(screen.getByText('2 marked')).toBeVisible();
  await user.click(screen.getByTestId('bulk-keep'));
  await waitFor(() => expect(screen.getAllByTestId('item')).toHaveLength(1));
  await user.click(await screen.findByRole('button', { name: 'Undo' }));
  await waitFor(() => expect(hospital.items_.every(({ line }) => line.settledAt === null)).toBe(true));
});

test('one decision shows what it was and who said what, with the buttons that a role has', async () => {
  const { hospital, user } = open('mona', '#/conflicts');
  await user.click(within((await screen.findAllByTestId('item'))[0]!).getByRole('link'));
  const sides = await screen.findByTestId('item-sides');
  for (const text of ['A-01', 'A-02', 'A-03', /Amber desk 1/]) expect(within(sides).getAllByText(text)[0]).toBeVisible();
  await user.click(screen.getByTestId('item-take-0'));
  expect(await screen.findByTestId('item-settled')).toHaveTextContent('taken over');
  expect(hospital.items_[0]!.line.action).toBe('take');
  await user.click(screen.getByTestId('item-undo'));
  await waitFor(() => expect(screen.queryByTestId('item-settled')).toBeNull());
  act(() => { window.location.hash = `#/conflicts/${hospital.items_[1]!.line.id}`; });
  expect(await screen.findByTestId('item-barred')).toBeVisible();
});

test('two records of one person are merged into the one that is kept, and parted again', async () => {
  const { hospital, user } = open('mona', `#/conflicts/${'2c0f'.padEnd(32, '3')}`);
  expect(await screen.findByTestId('pair-for')).toHaveTextContent('same family name');
  await user.click((await screen.findAllByTestId('pair-merge'))[0]!);
  await user.click(await screen.findByTestId('pair-part'));
  await waitFor(() => expect(hospital.isMerged).toBe(false));
});

test('a list changes when the server says so, without anybody asking', async () => {
  const { hospital } = open('mona', '#/devices');
  expect(await screen.findAllByTestId('device')).toHaveLength(6);
  act(() => {
    hospital.devices_ = hospital.devices_.slice(0, 2);
    hospital.tell('devices');
  });
  await waitFor(() => expect(screen.getAllByTestId('device')).toHaveLength(2));
  act(() => hospital.tell(null));
  expect(await screen.findByTestId('not-heard')).toBeVisible();
  act(() => hospital.tell('all'));
  await waitFor(() => expect(screen.queryByTestId('not-heard')).toBeNull());
});

test('a list that cannot be read says so, and keeps what was read before', async () => {
  const { hospital, user } = open('mona', '#/devices');
  await screen.findAllByTestId('device');
  act(() => {
    hospital.isDown = true;
    hospital.tell('devices');
  });
  expect(await screen.findByText('This is as it was a while ago: it could not be read again.')).toBeVisible();
  expect(screen.getAllByTestId('device')).toHaveLength(6);
  hospital.isDown = false;
  await user.click(screen.getByRole('button', { name: 'Try again' }));
  await waitFor(() => expect(screen.queryByTestId('not-read')).toBeNull());
});

test('a workstation is emptied by its name, and its unsent work is named', async () => {
  const { hospital, user } = open('mona', '#/devices');
  const second = (await screen.findAllByTestId('device'))[1]!;
  await user.click(within(second).getByTestId('device-wipe'));
  expect(await screen.findByTestId('wipe-unsent')).toHaveTextContent('3 changes');
  await user.type(screen.getByTestId('wipe-name'), 'Amber desk 1');
  await user.click(screen.getByTestId('wipe-submit'));
  expect(await screen.findByText('This is not its name. It is called Amber desk 2.')).toBeVisible();
  expect(hospital.devices_[1]!.standing).toBe('active');
  await user.clear(screen.getByTestId('wipe-name'));
  await user.type(screen.getByTestId('wipe-name'), 'Amber desk 2');
  await user.click(screen.getByTestId('wipe-submit'));
  await waitFor(() => expect(hospital.devices_[1]!.standing).toBe('wipe_after_upload'));
});

test('whoever gave the code has no button to let the workstation in, and suspending is undone', async () => {
  const { hospital, user } = open('mona', '#/devices');
  const [, , third, fourth] = await screen.findAllByTestId('device');
  expect(within(third!).getByTestId('device-approve')).toBeVisible();
  expect(within(fourth!).queryByTestId('device-approve')).toBeNull();
  await user.click(screen.getAllByTestId('device-suspend')[0]!);
  await waitFor(() => expect(hospital.devices_[0]!.standing).toBe('suspended'));
  await user.click(await screen.findByRole('button', { name: 'Undo' }));
  await waitFor(() => expect(hospital.devices_[0]!.standing).toBe('active'));
});

test('hours that somebody else changed meanwhile are shown, and nothing typed is lost', async () => {
  const { hospital, user } = open('mona', '#/hours');
  await user.click((await screen.findAllByRole('link', { name: /Change the hours/ }))[0]!);
  const saturday = await screen.findByTestId('hours/5-add');
  await user.click(saturday);
  act(() => {
    hospital.reference_ = { ...hospital.reference_, schedules: hospital.reference_.schedules.map((one) => ({ ...one, breaks: [] })) };
    hospital.tell('reference');
  });
  expect(await screen.findByTestId('hours-moved')).toBeVisible();
  await user.click(screen.getByTestId('hours-save'));
  expect(await screen.findByTestId('hours-problems')).toHaveTextContent('Somebody else has changed these hours');
  expect(within(screen.getByTestId('hours/5')).getByLabelText('From')).toHaveValue('09:00:00');
});

test('hours that cannot be are marked at their day', async () => {
  const { user } = open('mona', '#/hours');
  await user.click((await screen.findAllByRole('link', { name: /Change the hours/ }))[0]!);
  const monday = within(await screen.findByTestId('hours/0'));
  await user.selectOptions(monday.getByLabelText('To'), '08:00');
  await user.click(screen.getByTestId('hours-save'));
  expect(await screen.findByTestId('hours-problems')).toHaveTextContent('Monday: The end is after the beginning.');
  expect(monday.getByLabelText('From')).toBeInvalid();
});

test('when the session is over the door is shown, and nothing that was read stays', async () => {
  const { hospital } = open('mona', '#/devices');
  await screen.findAllByTestId('device');
  act(() => {
    hospital.signedIn = null;
    hospital.tell('signed_out');
  });
  expect(await screen.findByTestId('session-ended')).toBeVisible();
  expect(document.body).not.toHaveTextContent('Amber desk');
});

test('every address is read as it is written', () => {
  const routes: ConsoleRoute[] = [{ page: 'held' }, { page: 'heldOne', hash: 'ab12' }, { page: 'devices' }, { page: 'staff' }, { page: 'staffNew' }, { page: 'staffOne', id: 'x' }, { page: 'wards' }, { page: 'prices' }, { page: 'own' }, { page: 'hours' }, { page: 'doctor', id: 'x y' }, { page: 'audit' }, { page: 'emergency' }, { page: 'roles' }, { page: 'home' }];
  for (const route of routes) expect(parse(href(route))).toEqual(route);
  for (const wrong of ['#/nowhere', '#/wards/1', '#/held/a/b']) expect(parse(wrong)).toEqual({ page: 'missing' });
});

test('a browser says what no other site can, and hears problems as such', async () => {
  const calls: [string, RequestInit][] = [];
  const answers = [new Response('{"problems":[{"code":"held.decided","field":"hash","with":{}}]}', { status: 409 }), new Response('<html>', { status: 502 }), new Response('{}', { status: 200 })];
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    calls.push([path, init]);
    return Promise.resolve(answers.shift());
  });
  expect(await httpBackend.decideHeld('ab', 'No')).toEqual({ ok: false, problems: [{ code: 'held.decided', field: 'hash', with: {} }] });
  expect(calls[0]![1]).toMatchObject({ method: 'POST', credentials: 'same-origin', redirect: 'error', headers: { 'x-wardbook-console': '1' } });
  await expect(httpBackend.held(true, 'x&y')).rejects.toBeInstanceOf(Refused);
  expect(calls[1]![0]).toBe('/console/v1/held?state=all&after=x%26y');
  await httpBackend.log({ staff: 's' }, null);
  expect(calls[2]![0]).toBe('/console/v1/audit?staff=s');
  vi.unstubAllGlobals();
});
