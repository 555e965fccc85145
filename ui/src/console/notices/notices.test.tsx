import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { Console } from '../Console';
import { FakeConsole } from '../fake';
import type { FakeNotices } from './fake';
import '../../parts/words';

function open(username: string, hash = '#/notices') {
  window.location.hash = hash;
  const hospital = new FakeConsole(username);
  render(<Console backend={hospital} />);
  return { notices: hospital.notices as FakeNotices, user: userEvent.setup({ delay: null }) };
}

test('what waits says who has to tell it and how, and why where nobody can', async () => {
  open('mona');
  const lines = await screen.findAllByTestId('notice');
  expect(lines.map((line) => line.dataset.kind)).toEqual(['needs_rebooking', 'reminder', 'scheduled', 'cancelled']);
  expect(screen.getByTestId('notices-how')).toHaveTextContent('Nothing is sent by itself');
  expect(within(lines[0]!).getByRole('link', { name: '07700 900123' })).toHaveAttribute('href', 'tel:07700900123');
  expect(within(lines[1]!).getByTestId('notice-tries')).toHaveTextContent('2 times not reached');
  expect(within(lines[2]!).getByTestId('notice-barrier')).toHaveTextContent('No phone number is noted');
  expect(within(lines[3]!).queryByTestId('notice-not_reached')).toBeNull();
});

test('not reached waits on, told goes to those who were told', async () => {
  const { user } = open('mona');
  const [first] = await screen.findAllByTestId('notice');
  await user.click(within(first!).getByTestId('notice-not_reached'));
  expect(await screen.findByText(/Once not reached/)).toBeVisible();
  await user.click(within(screen.getAllByTestId('notice')[0]!).getByTestId('notice-told'));
  await waitFor(() => expect(screen.getAllByTestId('notice')).toHaveLength(3));
  await user.click(screen.getByRole('radio', { name: 'Told' }));
  await waitFor(() => expect(screen.getAllByTestId('notice')).toHaveLength(2));
  expect(screen.getByText(/Mona Adler/, { selector: 'td' })).toBeVisible();
});

test('what somebody else has told meanwhile is said, and the list is read again', async () => {
  const { notices, user } = open('mona');
  const [first] = await screen.findAllByTestId('notice');
  notices.lines = notices.lines.map((line, nth) => (nth === 0 ? { ...line, state: 'over' as const } : line));
  await user.click(within(first!).getByTestId('notice-told'));
  expect(await screen.findByText(/This is not told any more/)).toBeVisible();
  await waitFor(() => expect(screen.getAllByTestId('notice')).toHaveLength(3));
});

test('a patient has a list of their own', async () => {
  const { user } = open('mona');
  const second = (await screen.findAllByTestId('notice'))[1]!;
  await user.click(within(second).getByRole('link', { name: 'Okonkwo, Amara' }));
  await waitFor(() => expect(screen.getAllByTestId('notice')).toHaveLength(1));
  expect(screen.getByTestId('notices-of')).toHaveTextContent('Okonkwo, Amara');
  await user.click(screen.getByRole('radio', { name: 'Told' }));
  expect(await screen.findByText('Nobody was told anything yet.')).toBeVisible();
});

test('who tells no patients does not see their numbers', async () => {
  const { notices } = open('wei');
  const read = vi.spyOn(notices, 'list');
  expect(await screen.findByText(/your role has no access/)).toBeVisible();
  expect(read).not.toHaveBeenCalled();
});
