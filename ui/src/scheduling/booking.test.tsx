import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import { App } from '../app';
import { FakeHospital } from '../backend/fake';
import { patientId, people } from '../backend/fake-people';
import { asAppointment } from '../parts/records';
import { wallOf } from '../parts/zone';
import '../parts/words';

const maria = patientId(0);
let hospital: FakeHospital;

beforeEach(() => {
  // a Friday: the next day on which doctors work is Monday
  const friday = Date.parse('2027-02-26T10:00:00Z');
  hospital = new FakeHospital({ patients: 30, latencyMs: 1, signedIn: 'ada', now: () => friday });
});

async function open(hash: string) {
  window.location.hash = hash;
  render(<App backend={hospital} />);
  await screen.findByRole('heading', { level: 1 });
  return userEvent.setup({ delay: null });
}

async function choose(user: ReturnType<typeof userEvent.setup>) {
  await user.selectOptions(await screen.findByLabelText(/^Department/), 'Cardiology');
  await user.selectOptions(screen.getByLabelText(/^Doctor/), 'Dr Mei Lin');
  await waitFor(() => expect(screen.getByLabelText(/^Date/)).toHaveValue('01-Mar-2027'));
  const time = screen.getByLabelText(/^Time/);
  await within(time).findByRole('option', { name: '09:00 – to be confirmed' });
  return time;
}

const visits = async () => (await hospital.chart(maria))!.appointments.map((row) => asAppointment(row.body));
const future = async () => (await visits()).filter((visit) => (visit.start ?? '') > '2027-02-28');

test('a doctor’s next working day opens, each free time says whether it is promised', async () => {
  const user = await open(`#/patients/${maria}/book`);
  hospital.setOnline(false);
  const time = await choose(user);
  expect(within(time).getByRole('option', { name: '17:00 – confirmed here' })).toBeInTheDocument();
  await user.selectOptions(time, '09:30');
  expect(await screen.findByTestId('promise')).toHaveTextContent('The hospital still has to confirm this time');
  await user.selectOptions(time, '17:00');
  await waitFor(() => expect(screen.getByTestId('promise')).toHaveTextContent('holds, also without the network'));
  await user.click(screen.getByTestId('book-submit'));
  expect(await screen.findByText(/: confirmed\. Saved on this computer/)).toBeInTheDocument();
  expect(await future()).toMatchObject([{ start: '2027-03-01T17:00:00Z', status: 'booked', minutes: 30 }]);
});

test('what is to be confirmed says so before and after it is saved, and on the chart', async () => {
  const user = await open(`#/patients/${maria}/book`);
  hospital.setOnline(false);
  const time = await choose(user);
  await user.selectOptions(time, '09:30');
  await user.click(screen.getByTestId('book-submit'));
  expect(await screen.findByText(/: to be confirmed\. Saved on this computer/)).toBeInTheDocument();
  expect(await screen.findByText('To be confirmed')).toBeInTheDocument();
  expect(await future()).toMatchObject([{ status: 'pending' }]);
  hospital.setOnline(true);
  await waitFor(async () => expect(await future()).toMatchObject([{ status: 'booked' }]));
});

test('the next free times of a department, a doctor and from a day on are one press away', async () => {
  const user = await open(`#/patients/${maria}/book`);
  await user.selectOptions(await screen.findByLabelText(/^Department/), 'Cardiology');
  const any = await screen.findByRole('group', { name: 'Next free' });
  expect(within(any).getAllByRole('button')[0]).toHaveTextContent('01-Mar-2027 09:00 · Dr Ibrahim Musa');
  await user.selectOptions(screen.getByLabelText(/^Doctor/), 'Dr Mei Lin');
  const date = screen.getByLabelText(/^Date/);
  await user.clear(date);
  await user.type(date, '6.3.2027');
  await user.tab();
  const later = await screen.findByRole('group', { name: 'Next free with Dr Mei Lin from 06-Mar-2027' });
  const first = (await within(later).findAllByRole('button'))[0]!;
  await waitFor(() => expect(first).toHaveTextContent('08-Mar-2027 09:00'));
  first.focus();
  await user.keyboard('{Enter}');
  await waitFor(() => expect(screen.getByLabelText(/^Time/)).toHaveValue('09:00'));
  expect(screen.getByLabelText(/^Date/)).toHaveValue('08-Mar-2027');
});

test('a time that went meanwhile is refused beside its field, and what was typed stays', async () => {
  const user = await open(`#/patients/${maria}/book`);
  hospital.setOnline(false);
  const time = await choose(user);
  await user.selectOptions(time, '10:00');
  await user.type(screen.getByLabelText('Reason'), 'Follow-up');
  const other = { patient: patientId(5), practitioner: people.lin, department: null, ward: null, start: '2027-03-01T10:00:00Z', minutes: 30, status: 'pending' };
  const { id } = (await hospital.chart(patientId(6)))!.appointments[0]!;
  hospital.elsewhere('appointment', id, other);
  await within(time).findByRole('option', { name: '10:00 – not free' });
  await user.click(screen.getByTestId('book-submit'));
  await screen.findByTestId('problem-summary');
  expect(screen.getByLabelText(/^Time/)).toHaveAccessibleDescription(/given to somebody else/);
  expect(screen.getByLabelText('Reason')).toHaveValue('Follow-up');
});

/** Maria books at this desk what the hub has given to somebody else. */
async function lose() {
  hospital.setOnline(false);
  const draft = { patient: maria, practitioner: people.lin, department: '01920000-0000-7000-8000-000000000101', ward: '01920000-0000-7000-8000-00000000000a', start: '2027-03-01T10:00:00Z', minutes: 30, status: 'pending' };
  hospital.booking.takenSlots.add(`${people.lin} 2027-03-01T10:00:00Z`);
  await hospital.save({ kind: 'appointment', id: '01960000-0000-7000-8000-000000000001', base: null, draft, held: null });
  hospital.setOnline(true);
  await waitFor(async () => expect(await hospital.rebooking()).toHaveLength(1));
}

test('who lost a slot is counted on Today, and takes what is offered with one press', async () => {
  await lose();
  const user = await open('#/today');
  await user.click(await screen.findByRole('link', { name: '1 appointment needs another time' }));
  const item = await screen.findByTestId('rebook-item');
  expect(item).toHaveTextContent('Another patient has this time with the doctor.');
  expect(item).toHaveTextContent('Was: 01-Mar-2027 10:00, Dr Mei Lin');
  const offers = within(item).getAllByTestId('take-offer');
  expect(offers.map((offer) => offer.textContent)).toEqual(['10', '11', '12'].map((hour) => `01-Mar-2027 ${hour}:30, Dr Mei Lin`));
  await user.click(offers[1]!);
  await waitFor(() => expect(screen.queryByTestId('rebook-item')).not.toBeInTheDocument());
  expect(await screen.findByText('Nobody waits for another time.')).toBeInTheDocument();
  await waitFor(async () => expect(await future()).toMatchObject([{ start: '2027-03-01T11:30:00Z', status: 'booked', move: [] }]));
});

test('who lost a slot is given any other time, and that is no move of theirs', async () => {
  await lose();
  const user = await open('#/rebooking');
  await user.click(await screen.findByRole('button', { name: /^Another time: / }));
  expect(screen.queryByLabelText('Why it is moved')).not.toBeInTheDocument();
  const first = (await screen.findAllByTestId('next-free'))[0]!;
  await user.click(first);
  await user.click(screen.getByTestId('move-submit'));
  await waitFor(async () => expect(await hospital.rebooking()).toHaveLength(0));
  const [visit] = await future();
  expect(visit).toMatchObject({ move: [] });
  expect(wallOf(visit!.start!, 'Europe/London').time).toBe('09:00');
});
