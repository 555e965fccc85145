import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import i18next from 'i18next';
import { beforeEach, expect, test } from 'vitest';
import { App } from '../app';
import { FakeHospital } from '../backend/fake';
import '../parts/words';

let hospital: FakeHospital;

beforeEach(() => {
  window.location.hash = '';
});

async function open(signedIn = 'vera') {
  hospital = new FakeHospital({ patients: 5, latencyMs: 1, signedIn });
  window.location.hash = '#/audit';
  render(<App backend={hospital} />);
  await screen.findByRole('heading', { level: 1, name: i18next.t('auditing.title') });
  return userEvent.setup({ delay: null });
}

async function look(user: ReturnType<typeof userEvent.setup>, password = 'ward') {
  await user.clear(screen.getByTestId('audit-password'));
  await user.type(screen.getByTestId('audit-password'), `${password}{Enter}`);
}

test('the log is looked at with the own password, and the signed state is shown with its time', async () => {
  const user = await open();
  await look(user, 'wrong');
  expect(await screen.findByText(i18next.t('problem.sign_in.wrong'))).toBeInTheDocument();
  expect(screen.queryByTestId('audit-found')).toBeNull();
  await look(user);
  const found = await screen.findByTestId('audit-found');
  for (const part of [i18next.t('auditing.whole'), /48199 entries, signed \d+-\w+-\d{4} \d\d:\d\d/, '9f86d081', '48211']) expect(found).toHaveTextContent(part);
  expect(screen.queryByTestId('audit-progress')).toBeNull();
});

test('while the server looks, the screen says how far it has come', async () => {
  const user = await open();
  let goOn = () => {};
  const whole = hospital.auditLog;
  hospital.auditLog = async (password, run) => {
    if (run) await new Promise<void>((resolve) => { goOn = resolve; });
    return whole(password, run);
  };
  await look(user);
  expect(await screen.findByTestId('audit-progress')).toHaveTextContent('20000 of 48211');
  expect(within(screen.getByTestId('audit-progress')).getByRole('progressbar')).toHaveAttribute('aria-valuenow', expect.stringMatching(/^41/));
  await act(async () => goOn());
  expect(await screen.findByText(/40000 of 48211/)).toBeInTheDocument();
  await act(async () => goOn());
  expect(await screen.findByTestId('audit-found')).toBeInTheDocument();
});

test('the first bad entry is named, here and at the server, in words', async () => {
  const user = await open();
  expect(await screen.findByTestId('audit-own')).toHaveTextContent(i18next.t('auditing.whole'));
  hospital.audit.tamper();
  await user.click(screen.getByTestId('audit-again'));
  expect(await screen.findByText(/entry 1\.208: it does not follow on the one before/)).toBeInTheDocument();
  await look(user);
  const found = await screen.findByTestId('audit-found');
  expect(found).toHaveTextContent('entry 31007: it was changed');
  expect(found).toHaveTextContent('000000000002 1.208: it is not what the computer sent');
  expect(found).not.toHaveTextContent(i18next.t('auditing.whole'));
});

test('without the network it says so and still looks at its own entries', async () => {
  await open();
  act(() => hospital.setOnline(false));
  expect(await screen.findByTestId('audit-offline')).toBeInTheDocument();
  expect(screen.getByTestId('audit-look')).toBeDisabled();
  expect(await screen.findByTestId('audit-own')).toHaveAttribute('data-whole', 'true');
});

test('a nurse sees none of it', async () => {
  const user = await open('ada');
  expect(screen.getByText(i18next.t('auditing.notAllowed'))).toBeInTheDocument();
  expect(screen.queryByTestId('audit-own')).toBeNull();
  await user.click(screen.getByTestId('user-menu'));
  expect(await screen.findByTestId('menu-roles')).toBeInTheDocument();
  expect(screen.queryByTestId('menu-audit')).toBeNull();
});
