import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { App } from '../app';
import { FakeHospital } from '../backend/fake';
import { isPrintingPaper } from '../parts/paper';
import '../parts/words';

let hospital: FakeHospital;
let seen: string[] = [];

beforeEach(() => {
  window.location.hash = '#/today';
  seen = [];
  // jsdom reads no pictures and has no printer
  HTMLImageElement.prototype.decode = () => Promise.resolve();
  vi.spyOn(window, 'print').mockImplementation(() => {
    seen = [...document.querySelectorAll<HTMLImageElement>('.paper > img')].map((page) => decodeURIComponent(page.src));
    window.dispatchEvent(new Event('beforeprint'));
    window.dispatchEvent(new Event('afterprint'));
  });
});
afterEach(() => vi.restoreAllMocks());

async function open() {
  hospital = new FakeHospital({ patients: 30, latencyMs: 1, signedIn: 'ada', now: () => Date.now() });
  render(<App backend={hospital} />);
  await screen.findByRole('heading', { level: 1 });
  return userEvent.setup({ delay: null });
}

test('a slip is printed from memory and gone afterwards', async () => {
  const user = await open();
  const asked = vi.spyOn(hospital, 'printSlip');
  await user.click((await screen.findAllByRole('button', { name: /^Print slip: / }))[0]!);
  await waitFor(() => expect(seen).toHaveLength(1));
  expect(seen[0]).toContain('<svg');
  expect(asked).toHaveBeenCalledWith(expect.any(String), 'en');
  expect(isPrintingPaper()).toBe(false);
});

test('a list of the day is printed for the doctor who was chosen', async () => {
  const user = await open();
  const asked = vi.spyOn(hospital, 'printDayList');
  await user.click(await screen.findByRole('button', { name: 'Lists by doctor' }));
  await user.click((await screen.findAllByRole('menuitem'))[0]!);
  await waitFor(() => expect(seen).toHaveLength(1));
  expect(asked).toHaveBeenCalledWith(expect.any(String), expect.stringMatching(/^\d{4}-\d\d-\d\d$/), 'en');
});

test('what cannot be printed is said', async () => {
  const user = await open();
  vi.spyOn(hospital, 'printSlip').mockResolvedValue({ ok: false, problems: [{ code: 'print.failed', field: '', with: {} }] });
  await user.click((await screen.findAllByRole('button', { name: /^Print slip: / }))[0]!);
  expect(await screen.findByText(/sheet could not be made/)).toBeInTheDocument();
  expect(window.print).not.toHaveBeenCalled();
});

test('a slip printed from a chart is no print of the chart', async () => {
  const user = await open();
  const noted = vi.spyOn(hospital, 'printed');
  const link = (await screen.findAllByRole('button', { name: /^Print slip: / }))[0]!.closest('tr')!.querySelector('a')!;
  await user.click(link);
  await screen.findByTestId('chart-edit');
  await user.click((await screen.findAllByRole('button', { name: /^Print slip: / }))[0]!);
  await waitFor(() => expect(seen).toHaveLength(1));
  expect(noted).not.toHaveBeenCalled();
});
