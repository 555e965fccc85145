import { ActionIcon, Button, Group, NativeSelect } from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { IconCalendarPlus, IconChevronLeft, IconChevronRight, IconPrinter } from '@tabler/icons-react';
import { useEffect, useEffectEvent, useState } from 'react';
import type { Diary, Problem, Row, Visit } from '../backend/types.gen';
import { useMay, useNames, useReference, useSession, useToday } from '../parts/context';
import { addDays, showDate, weekday } from '../parts/dates';
import { Empty } from '../parts/Empty';
import { Page } from '../parts/Page';
import { PrintFoot } from '../parts/PrintFoot';
import { useDiary, useRow } from '../parts/queries';
import { asAppointment, asPatient, nameText, shownName } from '../parts/records';
import { go, href, type Route, type Whom } from '../parts/route';
import { statusSigns } from '../parts/status';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';
import { BookHere } from './BookHere';
import { columnsOf, isShut, mondayOf, type Column } from './columns';
import { Grid } from './Grid';
import { useMoveVisit, type Target } from './useMoveVisit';
import { VisitPanel } from './VisitPanel';
import { Load, Week } from './Week';

type Asked = Extract<Route, { page: 'diary' }>;
type Shown = Asked & { date: string; whom: Whom };

const nothing: Diary = { visits: [], sheets: [] };

/** The diary of a department or of a doctor, for a day or a week. */
export function DiaryPage({ asked }: { asked: Asked }) {
  const t = useWords();
  const today = useToday();
  const first = useFirstWhom();
  const whom = asked.whom ?? first;
  if (!whom) return <Page title={t('diary.title')}><Empty>{t('diary.nobody')}</Empty></Page>;
  const shown = { ...asked, date: asked.date ?? today, whom };
  return <DiaryOf key={href(shown)} shown={shown} />;
}

/** Doctors open their own diary; the others that of the ward's first department. */
function useFirstWhom(): Whom | null {
  const { staff, roles, ward } = useSession();
  const { departments } = useReference();
  if (roles.includes('doctor')) return { by: 'doctor', id: staff.id };
  const own = departments.find((one) => one.ward === ward) ?? departments[0];
  return own ? { by: 'department', id: own.id } : null;
}

function DiaryOf({ shown }: { shown: Shown }) {
  const t = useWords();
  const names = useNames();
  const { zone } = useReference();
  const { days, date, whom, moving } = shown;
  const mayMove = useMay().write('appointment', 'start');
  const from = days === 7 ? mondayOf(date) : date;
  const ask = { practitioner: whom.by === 'doctor' ? whom.id : null, department: whom.by === 'department' ? whom.id : null, from, days };
  const { data: diary = nothing, isPending } = useDiary(ask);
  const [chosen, setChosen] = useState<string | null>(null);
  const [place, setPlace] = useState<Target | null>(null);
  const carry = useCarry(shown, diary.visits);
  const columns = columnsOf(diary, zone).sort((a, b) => a.date.localeCompare(b.date) || names.staff(a.practitioner).localeCompare(names.staff(b.practitioner)));
  const dates = Array.from({ length: days }, (_, n) => addDays(from, n)).filter((day) => columns.some((column) => column.date === day && !isShut(column)));
  const used = days === 7 ? columns.filter((column) => dates.includes(column.date)) : columns;
  const name = (column: Column) => (days === 7 ? `${weekday(column.date, t.language)} ${showDate(column.date, t.months)}` : names.staff(column.practitioner));
  const visit = diary.visits.find((one) => one.appointment.id === chosen);
  const whose = whom.by === 'doctor' ? names.staff(whom.id) : names.department(whom.id);
  const label = t('diary.label', { whose, from: showDate(from, t.months) });

  return (
    <Page title={t('diary.title')} titleExtra={<Steer shown={shown} />} actions={<Actions />}>
      <p className="print-only">{label}{days === 7 && ` – ${showDate(addDays(from, 6), t.months)}`}</p>
      {moving && <Moving id={moving} problems={carry.problems} onLeave={() => go({ ...shown, moving: null })} />}
      {!isPending && used.length === 0 && <Empty>{t('diary.empty')}</Empty>}
      {used.length > 0 && (
        <div className={`diary-grid${visit || place ? ' has-panel' : ''}${moving ? ' is-moving' : ''}`}>
          {days === 7 && whom.by === 'department'
            ? <Week label={label} columns={used} dates={dates} dayAddress={(day) => ({ ...shown, days: 1, date: day })} />
            : (
              <Grid
                label={label} columns={used} name={name} chosen={chosen} moving={moving} mayMove={mayMove}
                heading={(column) => <Heading column={column} name={name(column)} shown={shown} />}
                onChoose={(one) => { setPlace(null); setChosen(one.appointment.id); }} onPlace={carry.place}
                onFree={mayMove ? (free) => { setChosen(null); setPlace(free); } : null}
              />
            )}
          {place && <BookHere place={place} department={whom.by === 'department' ? whom.id : null} onClose={() => setPlace(null)} />}
          {visit && <VisitPanel visit={visit} onMove={() => go({ ...shown, moving: visit.appointment.id })} onClose={() => { setChosen(null); focusVisit(visit.appointment.id); }} />}
        </div>
      )}
      <Legend />
      <PrintFoot />
    </Page>
  );
}

function focusVisit(id: string): void {
  document.querySelector<HTMLElement>(`[data-testid=diary-visit][data-id="${id}"]`)?.focus();
}

/** Puts visits into places. Who is being moved by keyboard may come from another day: it is read by itself. */
function useCarry(shown: Shown, visits: readonly Visit[]) {
  const t = useWords();
  const names = useNames();
  const time = useMoment();
  const move = useMoveVisit();
  const [problems, setProblems] = useState<Problem[]>([]);
  const { data: carried } = useRow('appointment', shown.moving);

  async function put(row: Row, to: Target): Promise<void> {
    const who = nameOf(visits.find((visit) => visit.appointment.id === row.id)?.patient ?? null);
    const found = await move(row, to, t('diary.moved', { who, when: time(to.start), doctor: names.staff(to.practitioner) }));
    setProblems(found);
    if (shown.moving && found.length === 0) go({ ...shown, moving: null });
    // by mouse there is no banner to say it in: the banner comes, with the visit still in the hand
    if (!shown.moving && found.length > 0) go({ ...shown, moving: row.id });
  }

  return {
    problems,
    place: (id: string, to: Target) => {
      const row = carried?.id === id ? carried : visits.find((visit) => visit.appointment.id === id)?.appointment;
      if (row) void put(row, to);
    },
  };
}

function nameOf(patient: Row | null): string {
  return nameText(shownName(asPatient(patient?.body)));
}

/** Says who is being moved, and what the rules said against the last place. */
function Moving({ id, problems, onLeave }: { id: string; problems: readonly Problem[]; onLeave: () => void }) {
  const t = useWords();
  const time = useMoment();
  const names = useNames();
  const { data: row } = useRow('appointment', id);
  const { patient, start, practitioner } = asAppointment(row?.body);
  const { data: person } = useRow('patient', patient);
  const leave = useEffectEvent(onLeave);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isElsewhere = event.defaultPrevented || document.querySelector('[aria-modal="true"]');
      if (event.key === 'Escape' && !isElsewhere) leave();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
  return (
    <div className="notice notice-info diary-moving no-print" data-testid="diary-moving">
      <p role="status">{t('diary.moving', { who: nameOf(person ?? null), when: time(start), doctor: names.staff(practitioner) })}</p>
      <div role="alert">{problems.map((problem) => <p key={problem.code} className="danger-text" data-testid="diary-refused">{t.problem(problem)}</p>)}</div>
      <Button variant="default" size="compact-sm" onClick={onLeave} aria-keyshortcuts="Escape">{t('diary.leave')}</Button>
    </div>
  );
}

function Heading({ column, name, shown }: { column: Column; name: string; shown: Shown }) {
  const to: Route = shown.days === 7
    ? { ...shown, days: 1, date: column.date }
    : { ...shown, days: 7, whom: { by: 'doctor', id: column.practitioner } };
  return <><a href={href(to)}>{name}</a><Load column={column} /></>;
}

function Steer({ shown }: { shown: Shown }) {
  const t = useWords();
  const today = useToday();
  const { departments, staff, schedules } = useReference();
  const { days, date, whom } = shown;
  const show = (day: string) => go({ ...shown, date: day === today ? null : day });
  const doctors = staff.filter((one) => one.isActive && one.roles.includes('doctor') || schedules.some((schedule) => schedule.practitioner === one.id));
  return (
    <Group gap={6} className="no-print">
      <NativeSelect
        data-testid="diary-whom" aria-label={t('diary.whose')} value={`${whom.by}/${whom.id}`}
        data={[
          { group: t('field.department'), items: departments.map(({ id, name }) => ({ value: `department/${id}`, label: name })) },
          { group: t('field.practitioner'), items: doctors.map(({ id, name }) => ({ value: `doctor/${id}`, label: name })) },
        ]}
        onChange={(event) => {
          const [by, id = ''] = event.currentTarget.value.split('/');
          go({ ...shown, whom: { by: by === 'doctor' ? 'doctor' : 'department', id } });
        }}
      />
      <Group gap={0} role="group" aria-label={t('diary.span')}>
        {([1, 7] as const).map((span) => (
          <Button key={span} data-testid={`diary-${span === 1 ? 'day' : 'week'}`} variant={span === days ? 'filled' : 'default'} aria-pressed={span === days} onClick={() => go({ ...shown, days: span })}>{t(span === 1 ? 'diary.day' : 'diary.week')}</Button>
        ))}
      </Group>
      <ActionIcon data-testid="diary-previous" variant="default" size="lg" aria-label={t(days === 1 ? 'day.previous' : 'diary.weekBefore')} onClick={() => show(addDays(date, -days))}><IconChevronLeft size={18} aria-hidden /></ActionIcon>
      <DateInput aria-label={t('day.pick')} value={date} valueFormat="DD-MMM-YYYY" w={132} locale={t.language} highlightToday onChange={(value) => value && show(value.slice(0, 10))} />
      <ActionIcon data-testid="diary-next" variant="default" size="lg" aria-label={t(days === 1 ? 'day.next' : 'diary.weekAfter')} onClick={() => show(addDays(date, days))}><IconChevronRight size={18} aria-hidden /></ActionIcon>
      {days === 1 && <span className="dimmed-text">{weekday(date, t.language)}</span>}
      <Button data-testid="diary-today" variant="default" disabled={date === today} onClick={() => show(today)}>{t('day.today')}</Button>
    </Group>
  );
}

function Actions() {
  const t = useWords();
  const mayBook = useMay().write('appointment', 'start');
  return (
    <>
      <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>{t('print')}</Button>
      <Button leftSection={<IconCalendarPlus size={16} aria-hidden />} disabled={!mayBook} title={mayBook ? undefined : t('may.notBook')} onClick={() => go({ page: 'book', id: null })}>{t('today.book')}</Button>
    </>
  );
}

/** What the signs mean, on the screen and on paper. */
function Legend() {
  const t = useWords();
  return (
    <ul className="diary-legend" aria-label={t('diary.legend')}>
      {(['booked', 'pending', 'waitlist', 'arrived', 'checked-in', 'fulfilled', 'noshow'] as const).map((status) => {
        const Sign = statusSigns[status];
        return <li key={status} data-status={status}><Sign size={15} aria-hidden /> {t.of('AppointmentStatus', status)}</li>;
      })}
    </ul>
  );
}
