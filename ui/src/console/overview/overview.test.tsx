import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { Console } from '../Console';
import { FakeConsole } from '../fake';
import { href, parse, type ConsoleRoute } from '../route';
import { FakeOverview } from './fake';
import '../../parts/words';

// jsdom lays nothing out; the journeys see the bars in a browser
vi.mock('./Bars', () => ({ default: ({ label }: { label: string }) => <div role="img" aria-label={label} /> }));

function open(username: string, hash = '#/', change: (overview: FakeOverview) => void = () => undefined) {
  window.location.hash = hash;
  const hospital = new FakeConsole(username);
  const overview = hospital.overview as FakeOverview;
  change(overview);
  render(<Console backend={hospital} />);
  return { overview, user: userEvent.setup({ delay: null }) };
}

const sum = async (of: string) => within(await screen.findByTestId('overview-sum')).getByTestId(`figure-${of}`);

test('whoever may see the whole begins with it, and each figure leads to what it counts', async () => {
  const { overview, user } = open('mona');
  const visits = vi.spyOn(overview, 'visits');
  const day = (await screen.findAllByTestId('overview-day'))[0]!;
  expect(day).toHaveAttribute('data-day', '2027-03-01');
  const came = within(day).getByTestId('figure-came');
  expect(came).toHaveAttribute('href', '#/visits/came~2027-03-01~2027-03-01~');
  await user.click(came);
  expect(await screen.findAllByTestId('overview-visit')).toHaveLength(2);
  expect(visits).toHaveBeenCalledWith({ of: 'came', from: '2027-03-01', to: '2027-03-01', department: null }, null);
  expect(screen.getByText(/01-Mar-2027/, { selector: '.page-note' })).toBeVisible();
});

test('the sum of a table is that of its days', async () => {
  open('vera');
  const days = await screen.findAllByTestId('overview-day');
  const count = (of: string) => days.map((day) => Number(within(day).getByTestId(`figure-${of}`).textContent)).reduce((all, one) => all + one, 0);
  for (const of of ['came', 'missed', 'expected']) expect((await sum(of)).textContent).toBe(String(count(of)));
});

test('days, a department and a ward are asked for, and lists are of the same', async () => {
  const { overview, user } = open('mona');
  const figures = vi.spyOn(overview, 'figures');
  await user.click(await screen.findByRole('radio', { name: '30 days' }));
  await waitFor(() => expect(screen.getAllByTestId('overview-day')).toHaveLength(30));
  const department = screen.getByTestId('overview-department');
  await user.selectOptions(department, within(department).getAllByRole('option')[1]!);
  const asked = (department as HTMLSelectElement).value;
  await waitFor(() => expect(figures).toHaveBeenLastCalledWith({ days: 30, department: asked, ward: null }));
  expect((await sum('came')).getAttribute('href')).toContain(asked);
  await user.selectOptions(screen.getByTestId('overview-ward'), 'Birch ward');
  await waitFor(() => expect(screen.getAllByTestId('overview-ward-lag')).toHaveLength(1));
  expect(screen.getByTestId('overview-ward-lag')).toHaveTextContent('15 h 39 min');
});

test('a figure of decisions opens the list narrowed like it, for who may open it', async () => {
  const { user } = open('mona');
  const hard = (await screen.findAllByTestId('overview-kind'))[0]!;
  await user.click(within(hard).getByTestId('figure-dayOld'));
  expect(await screen.findByTestId('items-kind')).toHaveValue('hard');
  expect(screen.getByTestId('items-age')).toHaveValue('24');
});

test('who may not open a list gets the figure alone', async () => {
  open('wei');
  const kinds = await screen.findAllByTestId('overview-kind');
  expect(within(kinds[0]!).queryByRole('link')).toBeNull();
  expect(within(kinds[0]!).getByTestId('figure-open')).toHaveTextContent('14');
  // an administrator reads the books and runs workstations
  expect(within(kinds.find((one) => one.dataset.kind === 'money')!).getByRole('link')).toHaveAttribute('href', '#/exceptions');
  expect(within(screen.getAllByTestId('overview-ward-lag')[0]!).getByRole('link')).toHaveAttribute('href', expect.stringMatching(/^#\/devices\//));
});

test('money is shown to who may read the books, and its list adds up', async () => {
  const { user } = open('vera');
  const [day] = await screen.findAllByTestId('overview-money-day');
  await user.click(within(day!).getByTestId('figure-billed'));
  expect(await screen.findAllByTestId('overview-taking')).toHaveLength(2);
  expect(screen.queryByRole('link', { name: 'The bill' })).toBeNull();
});

test('without a right to the books there is no money', async () => {
  open('vera', '#/', (overview) => { overview.readsBooks = false; });
  await screen.findByTestId('overview-items');
  expect(screen.queryByTestId('overview-money')).toBeNull();
});

test('a hospital where nothing happened says so in each part', async () => {
  open('mona', '#/', (overview) => { overview.isEmpty = true; });
  for (const text of ['No visits on these days.', 'Of no visit of these days is it known yet.', 'Nothing was billed or received on these days.', 'Nothing waits to be looked at.', 'No workstation was let in.']) expect(await screen.findByText(text)).toBeVisible();
  expect(screen.queryByRole('img')).toBeNull();
});

test('who may not see the whole does not ask for it', async () => {
  const { overview } = open('farah', '#/overview');
  const figures = vi.spyOn(overview, 'figures');
  expect(await screen.findByText(/your role has no access/)).toBeVisible();
  expect(figures).not.toHaveBeenCalled();
});

test.each<ConsoleRoute>([
  { page: 'overview' }, { page: 'visits', of: 'missed', from: '2027-03-01', to: '2027-03-07', department: null }, { page: 'visits', of: 'came', from: '2027-03-01', to: '2027-03-01', department: 'a' },
  { page: 'takings', of: 'received', from: '2027-03-01', to: '2027-03-01', currency: 'INR' }, { page: 'conflicts', narrow: { kind: 'hard', hours: null, ward: 'w' } }, { page: 'conflicts' }, { page: 'devices', ward: 'w' }, { page: 'exceptions', one: '7' },
])('an address leads back to where it came from: %o', (route) => {
  expect(parse(href(route))).toEqual(route);
});

test.each(['#/visits', '#/visits/nobody~1~2~', '#/visits/came~1', '#/takings/billed~1~2~', '#/overview/1'])('%s is no address', (hash) => {
  expect(parse(hash)).toEqual({ page: 'missing' });
});

test('what the books need a person for is settled where its line leads', async () => {
  const { user } = open('mona', '#/exceptions/2');
  const [line, ...more] = await screen.findAllByTestId('exception');
  expect([line!.dataset.kind, more.length]).toEqual(['PAID_TWICE', 0]);
  await user.type(within(line!).getByTestId('settle-reason'), 'Both were right');
  await user.click(within(line!).getByTestId('settle'));
  expect(await screen.findByText(/Both were right/)).toBeVisible();
  act(() => { window.location.hash = '#/exceptions'; });
  await waitFor(() => expect(screen.getAllByTestId('exception')[0]!.dataset.kind).toBe('DRAWER_COUNT'));
});
