import { Button, Group, NativeSelect } from '@mantine/core';
import { IconUserPlus } from '@tabler/icons-react';
import { useSyncExternalStore, type KeyboardEvent } from 'react';
import type { AppointmentStatus, Visit } from '../backend/types.gen';
import { useMay, useNames, useReference, useSession, useToday } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Page } from '../parts/Page';
import { PersonName } from '../parts/PersonName';
import { useDay } from '../parts/queries';
import { asAppointment, asPatient } from '../parts/records';
import { go, href } from '../parts/route';
import { StatusWord, useSetStatus } from '../parts/status';
import { SyncMark } from '../parts/SyncMark';
import { useWords } from '../parts/words';
import { wallOf } from '../parts/zone';
import { timeOf } from './columns';
import { whoOf } from './VisitChip';

type Step = 'arrived' | 'checked-in' | 'fulfilled';

/** The ways through a day, with what one press makes of whoever stands in a list. */
const lists: readonly { name: 'expected' | 'waiting' | 'inRoom' | 'done'; statuses: readonly AppointmentStatus[]; step: Step | null }[] = [
  { name: 'expected', statuses: ['booked', 'pending', 'proposed', 'waitlist'], step: 'arrived' },
  { name: 'waiting', statuses: ['arrived'], step: 'checked-in' },
  { name: 'inRoom', statuses: ['checked-in'], step: 'fulfilled' },
  { name: 'done', statuses: ['fulfilled', 'noshow'], step: null },
];

/** Who is expected, who waits and how long, who is in the room, who is done: one press for each step. */
export function BoardPage({ department }: { department: string | null }) {
  const t = useWords();
  const names = useNames();
  const { ward } = useSession();
  const { zone, departments } = useReference();
  const { data: all = [], isPending } = useDay(ward, useToday());
  const visits = all.filter((visit) => department === null || asAppointment(visit.appointment.body).department === department);
  const own = departments.filter((one) => one.ward === ward);
  return (
    <Page
      title={t('board.title', { ward: names.ward(ward) })}
      titleExtra={(
        <NativeSelect
          data-testid="board-department" className="no-print" aria-label={t('field.department')} value={department ?? ''}
          data={[{ value: '', label: t('board.all') }, ...own.map(({ id, name }) => ({ value: id, label: name }))]}
          onChange={(event) => go({ page: 'board', department: event.currentTarget.value || null })}
        />
      )}
      actions={<WalkIn />}
    >
      {!isPending && visits.length === 0
        ? <Empty>{t('board.empty')}</Empty>
        : <div className="board">{lists.map((list) => <List key={list.name} {...list} visits={inOrder(visits.filter((visit) => list.statuses.includes(asAppointment(visit.appointment.body).status)), zone)} />)}</div>}
    </Page>
  );
}

function WalkIn() {
  const t = useWords();
  const mayBook = useMay().write('appointment', 'start');
  return <Button data-testid="board-walk-in" leftSection={<IconUserPlus size={16} aria-hidden />} disabled={!mayBook} title={mayBook ? undefined : t('may.notBook')} onClick={() => go({ page: 'walkIn', id: null })}>{t('walkIn.add')}</Button>;
}

/** In the order in which they came; who has not come yet, by their time. */
function inOrder(visits: Visit[], zone: string): Visit[] {
  const place = (visit: Visit) => asAppointment(visit.appointment.body).arrived ?? `~${timeOf(visit, zone)}`;
  return [...visits].sort((a, b) => place(a).localeCompare(place(b)));
}

function List({ name, step, visits }: { name: 'expected' | 'waiting' | 'inRoom' | 'done'; step: Step | null; visits: Visit[] }) {
  const t = useWords();
  return (
    <section className="card board-list" data-testid={`board-${name}`} aria-labelledby={`board-${name}`} onKeyDown={walk}>
      <div className="card-head"><h2 id={`board-${name}`}>{t(`board.${name}`)}</h2><span className="count-plain">{visits.length}</span></div>
      {visits.length === 0 && <Empty>{t(`board.${name}None`)}</Empty>}
      <ol className="lines">{visits.map((visit) => <Person key={visit.appointment.id} visit={visit} step={step} />)}</ol>
    </section>
  );
}

function Person({ visit, step }: { visit: Visit; step: Step | null }) {
  const t = useWords();
  const names = useNames();
  const { zone } = useReference();
  const mayWrite = useMay().write('appointment', 'status');
  const setStatus = useSetStatus();
  const { status, practitioner, department, patient, queue, arrived, reason } = asAppointment(visit.appointment.body);
  const who = whoOf(visit, t('diary.unknown'));

  /** The next in the list has the focus then: a list is worked off with one key. */
  async function take(after: Step | 'noshow', button: HTMLElement): Promise<void> {
    const item = button.closest('li');
    const beside = item?.nextElementSibling ?? item?.previousElementSibling;
    const follower = beside && stepOf(beside);
    if (await setStatus(visit.appointment, status, after, who)) follower?.focus();
  }

  return (
    <li className="line line-tall" data-testid="board-person" data-status={status}>
      <div>
        {queue !== null && <strong className="queue-number">{t('board.number', { n: queue })}</strong>}
        <a href={href({ page: 'chart', id: patient ?? '' })}><PersonName patient={visit.patient && asPatient(visit.patient.body)} /></a>{' '}
        <SyncMark row={visit.appointment} isQuiet />
        <span className="line-facts">{[timeOf(visit, zone), names.staff(practitioner), names.department(department)].filter(Boolean).join(' · ')}</span>
        {reason && <span className="line-facts"><bdi>{reason}</bdi></span>}
        {status !== 'arrived' && status !== 'checked-in' && status !== 'booked' && <StatusWord status={status} />}
        {arrived && status === 'arrived' && <Wait since={arrived} />}
        {arrived && status === 'checked-in' && <span className="line-facts">{t('board.came', { time: wallOf(arrived, zone).time })}</span>}
      </div>
      {mayWrite && step && (
        <Group gap={4}>
          <Button data-step={step} size="compact-sm" variant="default" aria-label={`${t(`do.${step}`)}: ${who}`} onClick={(event) => void take(step, event.currentTarget)}>{t(`do.${step}`)}</Button>
          {step === 'arrived' && status === 'booked' && <Button size="compact-sm" variant="subtle" aria-label={`${t('do.noshow')}: ${who}`} onClick={(event) => void take('noshow', event.currentTarget)}>{t('do.noshow')}</Button>}
        </Group>
      )}
    </li>
  );
}

function everyQuarter(listener: () => void): () => void {
  const timer = setInterval(listener, 15_000);
  return () => clearInterval(timer);
}

/** How long somebody waits. A desk whose clock is behind the one that noted it says nothing below zero. */
function Wait({ since }: { since: string }) {
  const t = useWords();
  const minutes = useSyncExternalStore(everyQuarter, () => Math.max(0, Math.floor((Date.now() - Date.parse(since)) / 60_000)));
  return <span className="wait" data-testid="board-wait">{t('board.waits', { count: minutes })}</span>;
}

/** Up and down in a list, left and right from list to list: from one step's button to the next. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const at = (event.target as HTMLElement).closest('li');
  const list = event.currentTarget;
  if (!at) return;
  const rows = [...list.querySelectorAll('li')];
  const row = rows.indexOf(at);
  const button = (of: Element | undefined) => (of ? stepOf(of) : null);
  const ways: Record<string, () => HTMLElement | null> = {
    ArrowDown: () => button(rows[row + 1]),
    ArrowUp: () => button(rows[row - 1]),
    ArrowRight: () => beside(list, 'nextElementSibling'),
    ArrowLeft: () => beside(list, 'previousElementSibling'),
  };
  const found = ways[event.key]?.();
  if (!found) return;
  event.preventDefault();
  found.focus();
}

/** The button of somebody's step; whoever is done has only the way to their chart. */
function stepOf(person: Element): HTMLElement | null {
  return person.querySelector<HTMLElement>('[data-step]') ?? person.querySelector('a');
}

function beside(list: Element, way: 'nextElementSibling' | 'previousElementSibling'): HTMLElement | null {
  for (let other = list[way]; other; other = other[way]) {
    const person = other.querySelector('li');
    if (person) return stepOf(person);
  }
  return null;
}
