import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../app';
import { FakeHospital } from '../backend/fake';
import { people, reference } from '../backend/fake-people';
import type { Row } from '../backend/types.gen';
import { addDays } from '../parts/dates';
import { asAppointment } from '../parts/records';
import { dropToasts } from '../parts/toast';
import { instantOf, wallOf } from '../parts/zone';
import '../parts/words';

let hospital: FakeHospital;
const today = () => wallOf(Date.now(), reference.zone).date;
/** A day on which nobody has anything yet, and Dr Lin is not on leave. */
const later = () => addDays(today(), 9);
const cardiology = reference.departments[0]!.id;
const at = (date: string, time: string) => instantOf(date, time, reference.zone)!;

beforeEach(() => {
  dropToasts();
  hospital = new FakeHospital({ patients: 40, latencyMs: 1, signedIn: 'jonas' });
});

/** Books a place, and says what the hospital made of it. */
async function book(n: number, time: string, { status, ...more }: { status?: string; practitioner?: string } = {}): Promise<Row> {
  const draft = {
    patient: `01930000-0000-7000-8000-${String(n).padStart(12, '0')}`, practitioner: people.lin, department: cardiology, ward: reference.wards[0]!.id,
    start: at(later(), time), minutes: 30, status: 'booked', ...more,
  };
  const answer = await hospital.save({ kind: 'appointment', id: `01960000-0000-7000-8000-${String(n).padStart(12, '0')}`, base: null, draft, held: null });
  if (answer.outcome !== 'saved') throw new Error(answer.problems[0]?.code);
  // once the hospital has answered: what it decided would stand beside this otherwise
  await waitFor(async () => expect((await hospital.row('appointment', answer.row.id))!.state).toBe('accepted'));
  hospital.elsewhere('appointment', answer.row.id, { status: status ?? 'booked' });
  return (await hospital.row('appointment', answer.row.id))!;
}

async function open(hash: string) {
  window.location.hash = hash;
  render(<App backend={hospital} />);
  await screen.findByRole('table');
  return userEvent.setup({ delay: null });
}

const day = () => `#/diary/day/${later()}/department/${cardiology}`;
/** The cell of a doctor's time. */
function cell(time: string, doctor: string): HTMLElement {
  const heads = screen.getAllByRole('columnheader');
  const place = heads.findIndex((head) => head.textContent?.includes(doctor));
  return within(screen.getByRole('rowheader', { name: time }).closest('tr')!).getAllByRole('cell')[place - 1]!;
}
const start = async (row: Row) => asAppointment((await hospital.row('appointment', row.id))!.body);

test('a day shows each doctor’s places in words: free, break, closed, full, and what is not certain', async () => {
  await book(1, '10:00');
  await book(2, '10:30', { status: 'pending' });
  await book(3, '11:00', { status: 'waitlist' });
  for (const [n, time] of ['09:00', '09:30', '10:00', '10:30', '11:00', '11:30', '12:00', '12:30'].entries()) await book(10 + n, time, { practitioner: people.musa });
  await open(day());
  await screen.findAllByRole('button', { name: /^10:00, .*, Booked/ });
  expect(within(cell('10:00', 'Dr Mei Lin')).getByRole('button').textContent).toContain('Booked');
  expect(within(cell('10:30', 'Dr Mei Lin')).getByRole('button').textContent).toContain('To be confirmed');
  expect(within(cell('11:00', 'Dr Mei Lin')).getByRole('button').textContent).toContain('Needs rebooking');
  expect(cell('09:00', 'Dr Mei Lin')).toHaveTextContent('Free');
  expect(cell('12:00', 'Dr Mei Lin')).toHaveTextContent('Break');
  expect(cell('17:30', 'Dr Ibrahim Musa')).toHaveTextContent('Closed');
  // eight are eight: what is left of the day cannot be had
  expect(cell('14:00', 'Dr Ibrahim Musa')).toHaveTextContent('Day full');
  expect(screen.getByRole('columnheader', { name: /Dr Ibrahim Musa/ })).toHaveTextContent('Day full: 8 of 8');
  expect(screen.getByRole('columnheader', { name: /Dr Mei Lin/ })).toHaveTextContent('2 of 8 · 14 free');
});

test('a visit is moved by the keyboard alone, and the move can be undone', async () => {
  const row = await book(1, '10:00');
  const user = await open(day());
  const chip = await screen.findByRole('button', { name: /^10:00, / });
  chip.focus();
  await user.keyboard('{Enter}');
  expect(within(screen.getByTestId('diary-panel')).getByRole('heading')).toHaveFocus();
  await user.click(screen.getByTestId('diary-move'));
  expect(await screen.findByTestId('diary-moving')).toHaveTextContent(/Moving .* 10:00 with Dr Mei Lin/);
  within(cell('09:30', 'Dr Mei Lin')).getByRole('button').focus();
  await user.keyboard('{ArrowUp}');
  expect(within(cell('09:00', 'Dr Mei Lin')).getByRole('button', { name: 'Move to 09:00, Dr Mei Lin' })).toHaveFocus();
  await user.keyboard('{Enter}');
  await waitFor(async () => expect((await start(row)).start).toBe(at(later(), '09:00')));
  expect(screen.queryByTestId('diary-moving')).toBeNull();
  expect((await start(row)).move).toMatchObject([{ from: at(later(), '10:00'), to: at(later(), '09:00') }]);
  await user.click(await screen.findByRole('button', { name: 'Undo' }));
  await waitFor(async () => expect((await start(row)).start).toBe(at(later(), '10:00')));
  expect((await start(row)).move).toHaveLength(2);
});

test('a free place leads to the form of a booking with the place filled in, and what was typed there stays', async () => {
  const user = await open(day());
  await user.click(await screen.findByRole('button', { name: 'Book 09:30, Dr Mei Lin' }));
  const search = within(screen.getByTestId('diary-book')).getByRole('combobox');
  expect(search).toHaveFocus();
  await user.type(search, 'smith');
  await user.click((await screen.findAllByRole('option', { hidden: true }))[0]!);
  expect(window.location.hash).toMatch(/\/book$/);
  await user.type(await screen.findByLabelText('Reason'), 'Dizzy');
  expect(screen.getByLabelText(/Doctor/)).toHaveValue(people.lin);
  expect(screen.getByLabelText(/Department/)).toHaveValue(cardiology);
  act(() => { window.location.hash = day(); });
  await user.click(await screen.findByRole('button', { name: 'Book 11:00, Dr Mei Lin' }));
  await user.type(within(screen.getByTestId('diary-book')).getByRole('combobox'), 'smith');
  await user.click((await screen.findAllByRole('option', { hidden: true }))[0]!);
  expect(await screen.findByLabelText('Reason')).toHaveValue('Dizzy');
  const saved = vi.spyOn(hospital, 'save');
  await user.click(screen.getByTestId('book-submit'));
  await waitFor(() => expect(saved).toHaveBeenCalled());
  expect(saved.mock.calls[0]![0].draft).toMatchObject({ start: at(later(), '11:00'), practitioner: people.lin, reason: 'Dizzy' });
});

test('a visit is dragged to another doctor and time', async () => {
  const row = await book(1, '10:00');
  await open(day());
  const chip = await screen.findByRole('button', { name: /^10:00, / });
  const kept = new Map<string, string>();
  const dataTransfer = { setData: (kind: string, text: string) => kept.set(kind, text), getData: (kind: string) => kept.get(kind) ?? '', get types() { return [...kept.keys()]; }, effectAllowed: '' };
  fireEvent.dragStart(chip, { dataTransfer });
  expect(fireEvent.dragOver(cell('11:00', 'Dr Ibrahim Musa'), { dataTransfer }), 'it may be dropped here').toBe(false);
  fireEvent.drop(cell('11:00', 'Dr Ibrahim Musa'), { dataTransfer });
  await waitFor(async () => expect(await start(row)).toMatchObject({ start: at(later(), '11:00'), practitioner: people.musa }));
});

test('what the rules say against a place stands beside the visit, which stays in the hand', async () => {
  const row = await book(1, '10:00');
  const user = await open(`${day()}/move/${row.id}`);
  vi.spyOn(hospital, 'save').mockResolvedValueOnce({ outcome: 'problems', problems: [{ code: 'appointment.move_limit', field: 'start', with: { max: '2' } }] });
  await screen.findByRole('button', { name: /^10:00, .*is being moved/ });
  await user.click(within(cell('09:00', 'Dr Mei Lin')).getByRole('button'));
  expect(await screen.findByTestId('diary-refused')).toHaveTextContent('moved 2 times already');
  expect((await start(row)).start).toBe(at(later(), '10:00'));
  await user.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByTestId('diary-moving')).toBeNull());
});

test('a week of a doctor leaves out days without anybody, and that of a department leads to its days', async () => {
  await book(1, '10:00');
  const user = await open(`#/diary/week/${later()}/doctor/${people.lin}`);
  expect(await screen.findByRole('button', { name: /^10:00, / })).toBeVisible();
  expect(screen.getAllByRole('columnheader')).toHaveLength(8);
  await user.selectOptions(screen.getByTestId('diary-whom'), `department/${cardiology}`);
  const row = (await screen.findByRole('rowheader', { name: 'Dr Mei Lin' })).closest('tr')!;
  expect(row).toHaveTextContent('1 of 8 · 15 free');
  const link = screen.getAllByRole('columnheader').flatMap((head) => within(head).queryAllByRole('link')).find((one) => one.getAttribute('href')?.includes(later()))!;
  await user.click(link);
  expect(window.location.hash).toBe(day());
});

test('a day on which nobody works says so, and a visit without known hours is not lost', async () => {
  const { id } = reference.departments[2]!;
  window.location.hash = `#/diary/day/${later()}/department/${id}-none`;
  render(<App backend={hospital} />);
  expect(await screen.findByText(/Nobody sees patients then/)).toBeVisible();
});

test('who may not book sees the diary and cannot move anybody', async () => {
  await hospital.signIn('farah', 'ward');
  await hospital.signIn('jonas', 'ward');
  await book(1, '10:00');
  await hospital.signIn('farah', 'ward');
  const user = await open(day());
  const chip = await screen.findByRole('button', { name: /^10:00, / });
  expect(chip).toHaveAttribute('draggable', 'false');
  await user.click(chip);
  expect(screen.queryByTestId('diary-move')).toBeNull();
});

test('a visit is booked again week after week, and those that could not be had are named with the reason', async () => {
  const row = await book(1, '10:00');
  window.location.hash = `#/appointments/${row.id}/repeat`;
  render(<App backend={hospital} />);
  const user = userEvent.setup({ delay: null });
  await user.selectOptions(await screen.findByLabelText('How many more'), '3');
  const save = hospital.save.bind(hospital);
  const third = at(addDays(later(), 14), '10:00');
  vi.spyOn(hospital, 'save').mockImplementation(async (ask) => ((ask.draft as { start?: string }).start === third
    ? { outcome: 'problems', problems: [{ code: 'practitioner.leave', field: 'start', with: { until: '2027-01-09' } }] }
    : save(ask)));
  await user.click(screen.getByTestId('repeat-submit'));
  expect(await screen.findByTestId('repeat-missed')).toHaveTextContent(/on leave until 09-Jan-2027/);
  expect(within(screen.getByTestId('repeat-got')).getAllByRole('listitem')).toHaveLength(2);
  const { appointments } = (await hospital.chart(asAppointment(row.body).patient!))!;
  const starts = appointments.map((one) => asAppointment(one.body)).filter((one) => one.practitioner === people.lin && one.start! > at(later(), '10:00')).map((one) => one.start);
  expect(starts.sort()).toEqual([at(addDays(later(), 7), '10:00'), at(addDays(later(), 21), '10:00')]);
});
