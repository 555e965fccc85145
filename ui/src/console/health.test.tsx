import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import en from '../words/en.json';
import { Console } from './Console';
import { FakeConsole } from './fake';
import { href, parse } from './route';
import { runbookNames, stepsOf } from './runbooks';
import '../parts/words';

const english: Record<string, string> = en;

function open(username: string, hash: string) {
  window.location.hash = hash;
  const hospital = new FakeConsole(username);
  render(<Console backend={hospital} />);
  return { hospital, user: userEvent.setup({ delay: null }) };
}

test('what is broken stands first, names workstations, says what to do and leads to the steps', async () => {
  const { user } = open('mona', '#/health');
  const [first, second] = await screen.findAllByTestId('health-line');
  expect(first).toHaveAttribute('data-code', 'health.desks_unsent');
  expect(first).toHaveTextContent('Amber desk 2 no. 2');
  expect(first).toHaveTextContent('Find them and connect them today.');
  expect(second).toHaveAttribute('data-grade', 'look');
  expect(screen.getByTestId('health-whole')).toHaveTextContent('Something is broken.');
  await user.click(within(first!).getByTestId('health-steps'));
  expect(await screen.findByRole('heading', { level: 1, name: 'A workstation is silent or old' })).toBeVisible();
  expect(within(screen.getByTestId('runbook')).getAllByRole('listitem')).toHaveLength(5);
});

test('a hub with nothing the matter says so, and has no steps', async () => {
  const { hospital } = open('wei', '#/roles');
  hospital.findings_ = hospital.findings_.filter(({ grade }) => grade === 'ok');
  window.location.hash = '#/health';
  expect(await screen.findByTestId('health-whole')).toHaveTextContent('Everything is as it should be.');
  expect(screen.queryByTestId('health-steps')).toBeNull();
});

test('the support file is downloaded, and a server that does not answer says so', async () => {
  const { hospital, user } = open('mona', '#/health');
  const made = vi.fn(() => 'blob:made');
  Object.assign(URL, { createObjectURL: made, revokeObjectURL: vi.fn() });
  const clicked = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => undefined);
  await user.click(await screen.findByTestId('support-file'));
  await waitFor(() => expect(clicked).toHaveBeenCalledTimes(1));
  expect(made).toHaveBeenCalledWith(expect.any(Blob));
  hospital.isDown = true;
  await user.click(screen.getByTestId('support-file'));
  expect(await screen.findByText(english['problem.console.unreachable']!)).toBeVisible();
  expect(clicked).toHaveBeenCalledTimes(1);
});

test('an event says why it waits, in words where there are words, and is tried again', async () => {
  const { user } = open('mona', '#/events');
  const [failed, unreadable] = await screen.findAllByTestId('event');
  expect(failed).toHaveTextContent('Billing');
  expect(failed).toHaveTextContent('The last try failed: database.23514.once');
  expect(unreadable).toHaveTextContent('This version of the server cannot read it.');
  await user.click(within(failed!).getByTestId('event-again'));
  await waitFor(() => expect(screen.getAllByTestId('event')).toHaveLength(2));
  expect(screen.getByTestId('events-counts')).toHaveTextContent('Set aside: 1. Waiting: 1.');
});

test('one that was taken meanwhile says so and goes', async () => {
  const { hospital, user } = open('mona', '#/events');
  const [first] = await screen.findAllByTestId('event');
  hospital.events_ = [];
  await user.click(within(first!).getByTestId('event-again'));
  expect(await screen.findByText(english['problem.event.gone']!)).toBeVisible();
  expect(await screen.findByText('Nothing waits and nothing was set aside.')).toBeVisible();
});

test.each([['vera', '#/health'], ['farah', '#/events']])('%s has no %s, but has the help', async (username, hash) => {
  const { hospital } = open(username, hash);
  const read = [vi.spyOn(hospital, 'health'), vi.spyOn(hospital, 'events')];
  expect(await screen.findByText(/your role has no access/)).toBeVisible();
  for (const one of read) expect(one).not.toHaveBeenCalled();
  window.location.hash = '#/help';
  expect(await screen.findAllByTestId('runbook')).toHaveLength(runbookNames.length);
});

test('every finding that is not in order says what to do, and every step has its words', () => {
  const folder = join(process.cwd(), '../shared/src/health');
  const text = ['hub.rs', 'desks.rs', 'events.rs'].map((name) => readFileSync(join(folder, name), 'utf8').split('#[cfg(test)]')[0]!).join('\n');
  const codes = new Set([...text.matchAll(/"(health\.[a-z_]+)"/g)].map((match) => match[1]!));
  expect(codes.size).toBeGreaterThan(40);
  expect([...codes].filter((code) => !(`problem.${code}` in english))).toEqual([]);
  const inOrder = /_(ok|elsewhere|signed|whole|none|some|same|never|done)$/;
  const silent = [...codes].filter((code) => !inOrder.test(code) || /(backup|audit)_never$/.test(code)).filter((code) => !(`problem.${code}_do` in english));
  expect(silent).toEqual([]);
  const steps = runbookNames.flatMap((name) => [...stepsOf(name), `runbook.${name}.title`, `runbook.${name}.when`, `runbook.${name}.done`]);
  expect(steps.filter((word) => !(word in english))).toEqual([]);
  expect(Object.keys(english).filter((word) => word.startsWith('runbook.')).filter((word) => !steps.includes(word as never))).toEqual([]);
});

test('an address of steps is read as it was written', () => {
  expect(parse(href({ page: 'runbook', name: 'fullDisk' }))).toEqual({ page: 'runbook', name: 'fullDisk' });
  expect(parse('#/help')).toEqual({ page: 'help' });
  for (const wrong of ['#/help/toString', '#/help/nothing', '#/health/x']) expect(parse(wrong)).toEqual({ page: 'missing' });
});
