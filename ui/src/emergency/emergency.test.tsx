import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import i18next from 'i18next';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../app';
import { FakeHospital } from '../backend/fake';
import { people } from '../backend/fake-people';
import '../parts/words';

const why = 'Collapsed in the lift';
let hospital: FakeHospital;

beforeEach(() => {
  window.location.hash = '';
});

async function open(signedIn = 'musa', hash = '#/emergency') {
  hospital = new FakeHospital({ patients: 30, latencyMs: 1, signedIn, now: () => Date.now() });
  window.location.hash = hash;
  render(<App backend={hospital} />);
  await screen.findByRole('heading', { level: 1 });
  return userEvent.setup({ delay: null });
}

async function breakGlass(user: ReturnType<typeof userEvent.setup>, password = 'ward', reason = why) {
  await user.clear(await screen.findByTestId('emergency-reason'));
  if (reason) await user.type(screen.getByTestId('emergency-reason'), reason);
  await user.clear(screen.getByTestId('emergency-password'));
  await user.type(screen.getByTestId('emergency-password'), `${password}{Enter}`);
}

test('it takes a reason and the right password, and says beside the field what is wrong', async () => {
  const user = await open();
  await breakGlass(user, 'ward', 'short');
  expect(await screen.findByText(/at least 10 characters\.$/i)).toBeInTheDocument();
  await breakGlass(user, 'wrong');
  expect(await screen.findByText(i18next.t('problem.sign_in.wrong'))).toBeInTheDocument();
  expect(screen.queryByTestId('emergency-bar')).toBeNull();
  await breakGlass(user);
  const bar = await screen.findByTestId('emergency-bar');
  expect(bar).toHaveTextContent(/read only/);
  expect(bar).toHaveTextContent(why);
  expect(bar).toHaveTextContent(/will be reviewed/);
});

test('a stranger is found, shown with what is vital, and a note goes with the opening', async () => {
  const user = await open();
  await breakGlass(user);
  await user.type(await screen.findByTestId('emergency-search'), 'zimm');
  await user.click(await screen.findByTestId('emergency-found'));
  const summary = await screen.findByTestId('emergency-summary');
  for (const part of ['ZIMMER, Otto', 'Penicillin', 'Anaphylaxis', 'Do not move the neck', 'Warfarin', 'A-']) expect(summary).toHaveTextContent(part);
  expect(screen.queryByRole('button', { name: /edit/i })).toBeNull();
  await user.click(screen.getByTestId('emergency-note-save'));
  expect(await screen.findByText('Please fill this in.')).toBeInTheDocument();
  await user.type(screen.getByTestId('emergency-note'), 'Oxygen given');
  await user.click(screen.getByTestId('emergency-note-save'));
  await waitFor(() => expect(screen.getByTestId('emergency-note')).toHaveValue(''));
  expect(await hospital.emergency()).toMatchObject({ notes: 1, reason: why });
});

test('when sixty minutes have passed the page goes away, whatever it shows, and says why', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  try {
    const user = await open();
    await breakGlass(user);
    await user.type(await screen.findByTestId('emergency-search'), 'zimm');
    await user.click(await screen.findByTestId('emergency-found'));
    await screen.findByTestId('emergency-summary');
    const minutes = (count: number) => act(() => void vi.advanceTimersByTime(count * 60_000));
    for (let n = 0; n < 6; n += 1) {
      minutes(9);
      // somebody is at the desk: it does not lock
      await user.keyboard('{Shift}');
    }
    expect(screen.getByRole('timer')).toHaveTextContent(/^[56]:[0-9]{2}$/);
    minutes(5.9);
    expect(screen.getByTestId('emergency-summary')).toBeInTheDocument();
    minutes(0.2);
    expect(await screen.findByTestId('emergency-ended')).toHaveTextContent(/60 minutes have passed/);
    expect(screen.queryByTestId('emergency-bar')).toBeNull();
    expect(document.body).not.toHaveTextContent(/zimmer/i);
  } finally {
    vi.useRealTimers();
  }
});

test('its owner ends it, and what was read is gone', async () => {
  const user = await open();
  await breakGlass(user);
  await user.type(await screen.findByTestId('emergency-search'), 'zimm');
  await user.click(await screen.findByTestId('emergency-found'));
  await screen.findByTestId('emergency-summary');
  await user.click(screen.getByTestId('emergency-end'));
  expect(await screen.findByTestId('emergency-ended')).toHaveTextContent(/you ended/i);
  expect(document.body).not.toHaveTextContent(/zimmer/i);
  expect(screen.queryByTestId('emergency-bar')).toBeNull();
  expect(await hospital.emergencySearch('zimm')).toMatchObject({ ok: false });
});

test('the bar stays on every other screen, and goes with whoever is signed in', async () => {
  const user = await open();
  await breakGlass(user);
  await screen.findByTestId('emergency-bar');
  act(() => { window.location.hash = '#/patients'; });
  expect(screen.getByTestId('emergency-bar')).toBeInTheDocument();
  await user.click(screen.getByTestId('user-menu'));
  await user.click(await screen.findByTestId('switch-user'));
  await user.click((await screen.findAllByTestId('sign-in-known'))[0]!);
  await user.type(screen.getByTestId('sign-in-password'), 'ward{Enter}');
  await screen.findByRole('heading', { level: 1, name: /patients|ward/i });
  expect(screen.queryByTestId('emergency-bar')).toBeNull();
});

test('a desk that says it is closed ends the page and says so', async () => {
  const user = await open();
  await breakGlass(user);
  await screen.findByTestId('emergency-bar');
  await hospital.endEmergency();
  await user.type(screen.getByTestId('emergency-search'), 'zimm');
  expect(await screen.findByTestId('emergency-ended')).toHaveTextContent(/this computer/i);
});

test('a search that finds nobody leads there, for those who may', async () => {
  const user = await open('musa', '#/today');
  await user.type(screen.getByTestId('search'), 'zimmer');
  await user.click(await screen.findByTestId('search-emergency'));
  expect(window.location.hash).toBe('#/emergency');
  await user.keyboard('{Control>}k{/Control}emergency acc{Enter}');
  expect(await screen.findByTestId('emergency-password')).toBeInTheDocument();
});

test('others are not offered it, and are told when they go there', async () => {
  const user = await open('jonas', '#/today');
  await user.type(screen.getByTestId('search'), 'zimmer');
  await screen.findByText(/nobody found/i);
  expect(screen.queryByTestId('search-emergency')).toBeNull();
  act(() => { window.location.hash = '#/emergency'; });
  expect(await screen.findByText(/only those who treat/i)).toBeInTheDocument();
  expect(screen.queryByTestId('emergency-open')).toBeNull();
});

test('a clinical manager shows who they are, reads what was opened, and says what they found', async () => {
  const user = await open('mona', '#/emergency/review');
  hospital['access'].openedBefore(80);
  hospital['access'].openedBefore(2, people.mona);
  await user.type(screen.getByTestId('review-password'), 'ward{Enter}');
  const items = await screen.findAllByTestId('review-item');
  expect(items.map((item) => item.dataset.state)).toEqual(['overdue', 'toReview']);
  for (const part of ['Dr Mei Lin', 'Found on the stairs', 'Zimmer, Otto', 'Oxygen given', 'Overdue', '4 openings']) expect(items[0]).toHaveTextContent(part);
  expect(items[1], 'nobody reviews their own').toHaveTextContent(/somebody else reviews it/);
  expect(screen.getAllByTestId('review-accept')).toHaveLength(1);
  await user.click(screen.getByTestId('review-question'));
  expect(await screen.findByText('Please fill this in.')).toBeInTheDocument();
  await user.click(screen.getByTestId('review-accept'));
  await waitFor(() => expect(screen.getAllByTestId('review-item')).toHaveLength(1));
});

test('without the network a manager is told that reviews wait', async () => {
  await open('mona', '#/emergency/review');
  act(() => hospital.setOnline(false));
  expect(await screen.findByTestId('review-offline')).toBeInTheDocument();
  expect(screen.getByTestId('review-show')).toBeDisabled();
});
