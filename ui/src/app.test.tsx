import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from './app';
import { FakeHospital } from './backend/fake';
import type { Row } from './backend/types.gen';
import { toast } from './parts/toast';
import './parts/words';

let hospital: FakeHospital;
/** Searches wait until a test answers them, and then say what it told them to. */
let asked: Map<string, (() => void)[]>;
let found: Map<string, Row[]>;
let said: Map<string, Row[]>;

beforeEach(() => {
  hospital = new FakeHospital({ patients: 60, latencyMs: 1, signedIn: 'musa' });
  [asked, found, said] = [new Map(), new Map(), new Map()];
  const search = hospital.search.bind(hospital);
  vi.spyOn(hospital, 'search').mockImplementation(async (text, limit) => {
    found.set(text, await search(text, limit));
    await new Promise<void>((done) => asked.set(text, [...(asked.get(text) ?? []), done]));
    return said.get(text) ?? found.get(text)!;
  });
});

async function answer(text: string): Promise<void> {
  await waitFor(() => expect(asked.has(text)).toBe(true));
  await act(async () => asked.get(text)!.forEach((done) => done()));
}

/** Waits until the list below the box is that of its text. */
const isMarked = (box: HTMLElement) => waitFor(() => expect(box).toHaveAttribute('aria-activedescendant'));

async function open() {
  render(<App backend={hospital} />);
  return { box: await screen.findByTestId('search'), user: userEvent.setup({ delay: null }) };
}

const chartOf = (text: string) => `#/patients/${found.get(text)![0]!.id}`;

test('an Enter pressed before the results are there waits for those of the text in the box', async () => {
  const { box, user } = await open();
  await user.type(box, 'm');
  await answer('m');
  await user.type(box, 'ensah{Enter}');
  expect(window.location.hash, 'nobody of the older text is opened').toBe('');
  await answer('mensah');
  await waitFor(() => expect(window.location.hash).toBe(chartOf('mensah')));
  expect(chartOf('mensah')).not.toBe(chartOf('m'));
  expect(box).toHaveValue('');
});

test('an Enter is forgotten when the text changes again, or an arrow or Escape is pressed', async () => {
  const { box, user } = await open();
  for (const [keys, text] of [['ok{Enter}o', 'oko'], ['smi{Enter}{ArrowDown}', 'smi'], ['smit{Enter}{Escape}', 'smit'], ['smith{ArrowDown}{Enter}', 'smith']] as const) {
    await user.clear(box);
    await user.type(box, keys);
    await answer(text);
    if (keys.endsWith('{Escape}')) await user.keyboard('{ArrowDown}');
    await isMarked(box);
    expect(window.location.hash, keys).toBe('');
  }
  await user.keyboard('{Enter}');
  expect(window.location.hash).toBe(chartOf('smith'));
});

test('arrows mark another patient, and news that moves the rows does not change who is meant', async () => {
  const { box, user } = await open();
  await user.type(box, 'smith');
  await answer('smith');
  await isMarked(box);
  const [, second, third] = found.get('smith')!;
  await user.keyboard('{ArrowDown}{ArrowDown}{ArrowUp}');
  said.set('smith', [third!, second!]);
  act(() => hospital.elsewhere('patient', third!.id, { bed: 'B-1' }));
  await waitFor(() => expect(asked.get('smith')).toHaveLength(2));
  await answer('smith');
  await waitFor(() => expect(screen.getAllByRole('option', { hidden: true })).toHaveLength(2));
  await user.keyboard('{Enter}');
  expect(window.location.hash).toBe(`#/patients/${second!.id}`);
});

test('what is typed straight after Control+K stands in the palette', async () => {
  const { user } = await open();
  await user.keyboard('{Control>}k{/Control}shut{Enter}');
  expect(window.location.hash).toBe('#/sync/shutdown');
});

test('the palette opens nobody who was found for an older text', async () => {
  const { user } = await open();
  await user.keyboard('{Control>}k{/Control}okon');
  await answer('okon');
  await user.keyboard('kx{Backspace}{Backspace}kwo{Enter}');
  expect(window.location.hash).toBe('');
  await answer('okonkwo');
  await waitFor(() => expect(window.location.hash).toBe(chartOf('okonkwo')));
});

test('the palette gives the focus back when it is left', async () => {
  const { box, user } = await open();
  await user.click(box);
  await user.keyboard('{Control>}k{/Control}');
  expect(screen.getByRole('dialog')).toBeInTheDocument();
  expect(box).not.toHaveFocus();
  await user.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(box).toHaveFocus();
});

test('keys typed ahead act on the screen they ask for, and go into it', async () => {
  await open();
  await screen.findByRole('heading', { level: 1 });
  fireEvent.keyDown(window, { key: 'n' });
  expect(screen.getByTestId('register-submit')).toBeInTheDocument();
  expect(screen.getByRole('heading', { level: 1 })).toHaveFocus();
});

test('a desk locks as soon as the hospital wants, and its help says when', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  try {
    hospital.idleMinutes = 2;
    await hospital.signIn('musa', 'ward');
    window.location.hash = '#/help';
    await open();
    expect(await screen.findByText(/After 2 minutes/)).toBeInTheDocument();
    act(() => vi.advanceTimersByTime(1.1 * 60_000));
    expect(screen.getByRole('alertdialog')).toBeInTheDocument();
    act(() => vi.advanceTimersByTime(60_000));
    expect(await screen.findByText(/locked/i)).toBeInTheDocument();
  } finally {
    vi.useRealTimers();
  }
});

test('a desk that nobody touches warns, locks, shows nothing of a patient, and keeps the unfinished form', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  const minutes = (count: number) => act(() => vi.advanceTimersByTime(count * 60_000));
  try {
    window.location.hash = '#/patients/new';
    const { user } = await open();
    await user.type(await screen.findByLabelText('Family name'), 'Halfway');
    minutes(9.1);
    expect(screen.getByRole('alertdialog')).toBeInTheDocument();
    await user.keyboard('{Shift}');
    expect(screen.queryByRole('alertdialog')).toBeNull();
    minutes(9.1);
    expect(screen.getByRole('alertdialog')).toBeInTheDocument();
    toast('HALFWAY, Anna');
    minutes(1);
    expect(await screen.findByText(/locked/i)).toBeInTheDocument();
    // sooner than the toast would go by itself
    await waitFor(() => expect(document.body).not.toHaveTextContent(/halfway/i), { timeout: 2500 });
    expect(screen.queryByTestId('sync-line')).toBeNull();
    expect(screen.queryByDisplayValue('Halfway')).toBeNull();
    expect((await hospital.desk()).session).toBeNull();
    await user.type(screen.getByTestId('sign-in-password'), 'ward{Enter}');
    expect(await screen.findByLabelText('Family name')).toHaveValue('Halfway');
  } finally {
    vi.useRealTimers();
  }
});

test('what the desk says of itself is not undone by an answer that was asked for before', async () => {
  const older = await hospital.status();
  const answers: (() => void)[] = [];
  const read = vi.spyOn(hospital, 'status').mockImplementation(() => new Promise((done) => { answers.push(() => done(older)); }));
  render(<App backend={hospital} />);
  await waitFor(() => expect(read).toHaveBeenCalled());
  await act(async () => {
    hospital.pretend({ trouble: { code: 'device.pending', field: '', with: {} } });
    await new Promise((done) => setTimeout(done));
    answers.forEach((answer) => answer());
    await new Promise((done) => setTimeout(done));
  });
  expect(await screen.findByTestId('pending')).toBeInTheDocument();
});
