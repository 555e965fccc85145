import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { App } from '../app';
import { FakeHospital } from '../backend/fake';
import '../parts/words';

let hospital: FakeHospital;

beforeEach(() => {
  // two of the day's visits are over, and nobody came
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2027-02-26T13:10:00Z') });
  hospital = new FakeHospital({ patients: 30, latencyMs: 1, signedIn: 'ada' });
});

afterEach(() => { vi.useRealTimers(); });

async function open(hash: string) {
  window.location.hash = hash;
  render(<App backend={hospital} />);
  await screen.findByRole('heading', { level: 1 });
  return userEvent.setup({ delay: null });
}

test('visits that are over wait to be closed, each with what may have become of it', async () => {
  const user = await open('#/unresolved');
  await waitFor(() => expect(screen.getAllByTestId('unresolved-item')).toHaveLength(2));
  const [first, second] = screen.getAllByTestId('unresolved-item');
  expect(first).toHaveTextContent('26-Feb-2027 12:00');
  await user.click(within(first!).getByRole('button', { name: /^No-show: / }));
  await waitFor(() => expect(screen.getAllByTestId('unresolved-item')).toHaveLength(1));
  await user.click(within(second!).getByRole('button', { name: /^Seen: / }));
  expect(await screen.findByText('Every visit is closed.')).toBeInTheDocument();
});

test('Today tells of visits of earlier days alone', async () => {
  await open('#/today');
  expect(await screen.findAllByTestId('row-visit')).not.toHaveLength(0);
  expect(screen.queryByTestId('unresolved-link')).not.toBeInTheDocument();
});

test('the next morning all of yesterday is told of, also who was never called in', async () => {
  vi.setSystemTime(Date.parse('2027-02-27T08:00:00Z'));
  const user = await open('#/today');
  await user.click(await screen.findByRole('link', { name: '8 visits of earlier days are to be closed' }));
  const items = await screen.findAllByTestId('unresolved-item');
  expect(items).toHaveLength(8);
  expect(within(items[0]!).queryByRole('button', { name: /^No-show: / })).not.toBeInTheDocument();
});

test('both lists are found by typing', async () => {
  const user = await open('#/today');
  for (const [typed, title] of [['visits to', /visits to close/], ['needs re', 'Needs rebooking']] as const) {
    await user.keyboard('{Control>}k{/Control}');
    await user.type(within(await screen.findByRole('dialog')).getByRole('combobox'), `${typed}{Enter}`);
    expect(await screen.findByRole('heading', { level: 1, name: title })).toBeInTheDocument();
  }
});
