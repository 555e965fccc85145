import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../app';
import { FakeHospital } from '../backend/fake';
import { people, reference } from '../backend/fake-people';
import { asAppointment } from '../parts/records';
import { dropToasts } from '../parts/toast';
import { wallOf } from '../parts/zone';
import '../parts/words';

let hospital: FakeHospital;
const ward = reference.wards[0]!.id;
const today = () => wallOf(Date.now(), reference.zone).date;

beforeEach(() => {
  dropToasts();
  hospital = new FakeHospital({ patients: 40, latencyMs: 1, signedIn: 'ada' });
});

async function open(hash = '#/board') {
  window.location.hash = hash;
  render(<App backend={hospital} />);
  await screen.findByRole('heading', { level: 1 });
  return userEvent.setup({ delay: null });
}

const list = (name: string) => screen.findByTestId(`board-${name}`);
const persons = (of: HTMLElement) => within(of).queryAllByTestId('board-person');
const visits = async () => (await hospital.day(ward, today())).map((visit) => asAppointment(visit.appointment.body));

test('each press takes one person one step on, and the next one has the focus', async () => {
  const user = await open();
  const expected = await list('expected');
  const before = persons(expected).length;
  const [first, second] = within(expected).getAllByRole('button', { name: /^Arrived: / });
  const who = first!.getAttribute('aria-label')!.replace('Arrived: ', '');
  first!.focus();
  await user.keyboard('{Enter}');
  await waitFor(() => expect(persons(expected)).toHaveLength(before - 1));
  expect(second).toHaveFocus();
  await user.click(await within(await list('waiting')).findByRole('button', { name: `Into the room: ${who}` }));
  await user.click(await within(await list('inRoom')).findByRole('button', { name: `Seen: ${who}` }));
  expect(await within(await list('done')).findByText(who)).toBeVisible();
});

test('who comes gets the next number of their department and waits from then on', async () => {
  const user = await open();
  const numbers = (await visits()).filter((one) => one.department === reference.departments[0]!.id).map((one) => one.queue ?? 0);
  const expected = await list('expected');
  const button = within(expected).getAllByRole('button', { name: /^Arrived: / }).find((one) => one.closest('li')!.textContent!.includes('Cardiology'))!;
  const who = button.getAttribute('aria-label')!.replace('Arrived: ', '');
  await user.click(button);
  const item = (await within(await list('waiting')).findByText(who)).closest('li')!;
  expect(item).toHaveTextContent(`No. ${Math.max(...numbers) + 1}`);
  expect(within(item).getByTestId('board-wait')).toHaveTextContent('waits 0 minutes');
  // a desk whose clock is behind says nothing below zero
  const later = persons(await list('waiting'));
  expect(later.at(-1), 'whoever came last waits last').toBe(item);
});

test('an arrival that was pressed by mistake is taken back with its number', async () => {
  const user = await open();
  await user.click(within(await list('expected')).getAllByRole('button', { name: /^Arrived: / })[0]!);
  const came = () => visits().then((all) => all.filter((one) => one.status === 'arrived').length);
  await waitFor(async () => expect(await came()).toBe(3));
  await user.click(await screen.findByRole('button', { name: 'Undo' }));
  await waitFor(async () => expect(await came()).toBe(2));
  expect((await visits()).filter((one) => one.status === 'booked').every((one) => one.arrived === null && one.queue === null)).toBe(true);
});

test('nobody is marked as not come before the slot is over, and the sentence says until when', async () => {
  const user = await open();
  const item = persons(await list('expected')).find((one) => within(one).queryByRole('button', { name: /^No-show/ }))!;
  vi.spyOn(hospital, 'save').mockResolvedValueOnce({ outcome: 'problems', problems: [{ code: 'appointment.not_over', field: 'status', with: { end: '2027-07-01T09:30:00Z' } }] });
  await user.click(within(item).getByRole('button', { name: /^No-show/ }));
  expect(await screen.findByText('Nobody is missing yet: the appointment ends at 01-Jul-2027 10:30.')).toBeVisible();
  expect(item).toHaveAttribute('data-status', 'booked');
});

test('arrows go down a list and over to the next', async () => {
  const user = await open();
  const [first, second] = within(await list('expected')).getAllByRole('button', { name: /^Arrived: / });
  first!.focus();
  await user.keyboard('{ArrowDown}');
  expect(second).toHaveFocus();
  await user.keyboard('{ArrowUp}{ArrowRight}');
  expect(document.activeElement?.closest('[data-testid^=board-]:not(li)')).toHaveAttribute('data-testid', 'board-waiting');
});

test('a board of one department shows nobody else’s', async () => {
  const user = await open();
  await list('expected');
  await user.selectOptions(screen.getByTestId('board-department'), reference.departments[1]!.id);
  await waitFor(() => expect(screen.queryAllByText(/Cardiology ·|· Cardiology/)).toHaveLength(0));
  expect(screen.getAllByTestId('board-person').length).toBeGreaterThan(0);
  act(() => { window.location.hash = `#/board/${reference.departments[2]!.id}`; });
  expect(await screen.findByText(/Nobody is expected today/)).toBeVisible();
});

test('somebody without a time is added to the queue; what is missing is said by the field', async () => {
  const user = await open('#/patients/01930000-0000-7000-8000-000000000030/walk-in');
  await user.click(await screen.findByTestId('walk-in-submit'));
  expect(await screen.findByTestId('problem-summary')).toHaveTextContent(/Department.*Doctor/s);
  await user.selectOptions(screen.getByLabelText(/Department/), reference.departments[0]!.id);
  await user.selectOptions(screen.getByLabelText(/Doctor/), people.lin);
  await user.type(screen.getByLabelText('Reason'), 'Dizzy since this morning');
  // whatever time it is here, the doctor is there
  const found = { start: '2027-03-01T09:00:00Z', minutes: 30, queue: 12, arrived: '2027-03-01T09:10:00Z' };
  const save = hospital.save.bind(hospital);
  vi.spyOn(hospital, 'check').mockResolvedValue({ problems: [], warnings: [] });
  const asked = vi.spyOn(hospital, 'save').mockImplementation((ask) => save({ ...ask, draft: { ...(ask.draft as object), ...found } }));
  await user.click(screen.getByTestId('walk-in-submit'));
  await waitFor(() => expect(window.location.hash).toBe(`#/board/${reference.departments[0]!.id}`));
  expect(asked.mock.calls[0]![0].draft).toMatchObject({ status: 'arrived', practitioner: people.lin, reason: 'Dizzy since this morning' });
  expect(asked.mock.calls[0]![0].draft).not.toHaveProperty('start');
  expect(await screen.findByText(/waits, No\. /)).toBeVisible();
});
