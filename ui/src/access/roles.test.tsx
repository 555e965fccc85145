import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import i18next from 'i18next';
import { expect, test, vi } from 'vitest';
import { App } from '../app';
import { FakeHospital } from '../backend/fake';
import { rights, tasks } from '../backend/types.gen';
import '../parts/words';

async function open(language = 'en') {
  window.location.hash = '';
  render(<App backend={new FakeHospital({ patients: 5, latencyMs: 1, signedIn: 'mona' })} />);
  const user = userEvent.setup({ delay: null });
  await user.click(await screen.findByTestId('user-menu'));
  await user.click(await screen.findByTestId('menu-roles'));
  await i18next.changeLanguage(language);
  return { user, table: await screen.findByTestId('roles') };
}

test('every line of the table is shown, with an answer for every role', async () => {
  const { table } = await open();
  const heads = within(table).getAllByRole('columnheader').slice(1).map((head) => head.textContent);
  expect(heads).toHaveLength(Object.keys(tasks).length);
  expect(heads.filter((head) => head?.endsWith('(you)'))).toEqual(['nurse (you)', 'clinical manager (you)']);
  const lines = within(table).getAllByTestId('roles-line');
  expect(lines).toHaveLength(rights.length);
  const answers = lines.map((line) => within(line).getAllByRole('cell').map((cell) => cell.textContent));
  const words = { own: 'own ward', any: 'every ward' } as const;
  const wanted = (does: string) => rights.filter((right) => right.does === does).map(({ who }) => Object.values(who).map((whose) => (whose ? words[whose] : 'no')));
  expect(answers).toEqual([...wanted('read'), ...wanted('write'), ...wanted('do')]);
});

test.each(['en', 'fr'])('everything in it has a word in %s', async (language) => {
  const { table } = await open(language);
  const names = within(table).getAllByRole('rowheader').map((name) => name.textContent ?? '');
  const raw = rights.flatMap(({ what, state }) => [what, state ?? '']).filter((word) => /[A-Z_]/.test(word));
  expect(names.filter((name) => raw.some((word) => name.includes(word)) || name === '')).toEqual([]);
  for (const { does, what, state } of rights) {
    const set = { read: 'RightKind', write: 'Part', do: 'Task' }[does];
    expect(i18next.exists(`${set}.${what}`), `${set}.${what}`).toBe(true);
    if (state) expect(i18next.exists(`RecordState.${state}`), state).toBe(true);
  }
});

test('it can be printed and scrolled by the keyboard', async () => {
  const print = vi.spyOn(window, 'print').mockImplementation(() => {});
  const { user, table } = await open();
  await user.click(screen.getByTestId('roles-print'));
  expect(print).toHaveBeenCalledOnce();
  expect(table.parentElement).toHaveAttribute('tabindex', '0');
});
