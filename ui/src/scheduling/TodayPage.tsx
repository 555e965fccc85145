import { ActionIcon, Button, Group, Menu, Text } from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { IconCalendarPlus, IconChevronLeft, IconChevronRight, IconPrinter } from '@tabler/icons-react';
import type { Visit } from '../backend/types.gen';
import { useMay, useNames, useReference, useSession, useStatus, useToday } from '../parts/context';
import { addDays, showDate } from '../parts/dates';
import { Empty } from '../parts/Empty';
import { Notice } from '../parts/Notice';
import { Page } from '../parts/Page';
import { usePaper } from '../parts/paper';
import { PersonName } from '../parts/PersonName';
import { PrintFoot } from '../parts/PrintFoot';
import { useDay, useRebooking, useUnresolved } from '../parts/queries';
import { asAppointment, asPatient } from '../parts/records';
import { go, href } from '../parts/route';
import { useTime } from '../parts/useTime';
import { useWords } from '../parts/words';
import { wallOf } from '../parts/zone';
import { VisitRow } from './VisitRow';

/** The ward's day: who comes when, who is here, who is waiting. */
export function TodayPage({ date: asked }: { date: string | null }) {
  const t = useWords();
  const today = useToday();
  const { ward } = useSession();
  const names = useNames();
  const date = asked ?? today;
  const { data: visits = [], isPending } = useDay(ward, date);
  const mayBook = useMay().write('appointment', 'start');
  const title = date === today ? t('today.title', { ward: names.ward(ward) }) : t('today.otherDay', { ward: names.ward(ward) });
  return (
    <Page
      title={title} titleExtra={<DayStepper date={date} today={today} />}
      actions={<>
        <DoctorLists visits={visits} date={date} />
        <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>{t('print')}</Button>
        <Button leftSection={<IconCalendarPlus size={16} aria-hidden />} disabled={!mayBook} title={mayBook ? undefined : t('may.notBook')} onClick={() => go({ page: 'book', id: null })}>{t('today.book')}</Button>
      </>}
    >
      <p className="print-only">{showDate(date, t.months)}</p>
      <Counts visits={visits} />
      <NeedsRebooking />
      <Unresolved ward={ward} today={today} />
      {!isPending && visits.length === 0
        ? <Empty>{t('today.empty', { date: showDate(date, t.months) })}</Empty>
        : (
          <div className="day-grid">
            <DayTable visits={visits} />
            <WaitingNow visits={visits} />
          </div>
        )}
      <PrintFoot />
    </Page>
  );
}

/** A list on paper for each doctor who has somebody that day. */
function DoctorLists({ visits, date }: { visits: Visit[]; date: string }) {
  const t = useWords();
  const names = useNames();
  const paper = usePaper();
  const doctors = [...new Set(visits.flatMap((visit) => asAppointment(visit.appointment.body).practitioner ?? []))];
  if (doctors.length === 0) return null;
  return (
    <Menu>
      <Menu.Target><Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />}>{t('dayList.button')}</Button></Menu.Target>
      <Menu.Dropdown>
        {doctors.map((doctor) => <Menu.Item key={doctor} onClick={() => paper.dayList(doctor, date)}>{t('dayList.print', { doctor: names.staff(doctor) })}</Menu.Item>)}
      </Menu.Dropdown>
    </Menu>
  );
}

function DayStepper({ date, today }: { date: string; today: string }) {
  const t = useWords();
  const show = (day: string) => go({ page: 'today', date: day === today ? null : day });
  return (
    <Group gap={4} className="no-print">
      <ActionIcon data-testid="day-previous" variant="default" size="lg" aria-label={t('day.previous')} onClick={() => show(addDays(date, -1))}><IconChevronLeft size={18} aria-hidden /></ActionIcon>
      <DateInput
        aria-label={t('day.pick')} value={date} valueFormat="DD-MMM-YYYY" w={132} locale={t.language} highlightToday
        onChange={(value) => value && show(value.slice(0, 10))}
      />
      <ActionIcon data-testid="day-next" variant="default" size="lg" aria-label={t('day.next')} onClick={() => show(addDays(date, 1))}><IconChevronRight size={18} aria-hidden /></ActionIcon>
      <Button data-testid="day-today" variant="default" disabled={date === today} onClick={() => show(today)}>{t('day.today')}</Button>
    </Group>
  );
}

function Counts({ visits }: { visits: Visit[] }) {
  const t = useWords();
  const time = useTime();
  const status = useStatus();
  const count = (...words: string[]) => visits.filter((visit) => words.includes(asAppointment(visit.appointment.body).status)).length;
  const facts = [
    [t('count.expected'), count('booked', 'pending', 'proposed', 'waitlist')], [t('count.waiting'), count('arrived')], [t('count.inRoom'), count('checked-in')],
    [t('count.seen'), count('fulfilled')], [t('count.noshow'), count('noshow')], [t('count.cancelled'), count('cancelled')],
  ] as const;
  return (
    <Group gap="lg" mb="sm" className="counts">
      {facts.map(([label, n]) => <span key={label}><strong>{n}</strong> {label}</span>)}
      <Text size="sm" c="dimmed">{t('asOf', { time: time(status?.syncedAt ?? null) || t('never') })}</Text>
    </Group>
  );
}

/** Who was given a time that somebody else has: shown every day, until each has another. */
function NeedsRebooking() {
  const t = useWords();
  const { data: visits = [] } = useRebooking();
  return (
    <div role="status">
      {visits.length > 0 && <Notice kind="warn"><a data-testid="rebooking-link" href={href({ page: 'rebooking' })}>{t('rebook.count', { count: visits.length })}</a></Notice>}
    </div>
  );
}

/** Visits of earlier days that nobody closed; those of today are below. */
function Unresolved({ ward, today }: { ward: string; today: string }) {
  const t = useWords();
  const { zone } = useReference();
  const { data: visits = [] } = useUnresolved(ward);
  const count = visits.filter((visit) => wallOf(asAppointment(visit.appointment.body).start ?? '', zone).date < today).length;
  return (
    <div role="status">
      {count > 0 && <Notice kind="warn"><a data-testid="unresolved-link" href={href({ page: 'unresolved' })}>{t('unresolved.count', { count })}</a></Notice>}
    </div>
  );
}

function DayTable({ visits }: { visits: Visit[] }) {
  const t = useWords();
  return (
    <table className="table" aria-label={t('today.table')}>
      <thead>
        <tr>{(['time', 'name', 'doctor', 'reason', 'status'] as const).map((column) => <th key={column} scope="col">{t(`column.${column}`)}</th>)}<th scope="col" className="no-print"><span className="visually-hidden">{t('column.actions')}</span></th></tr>
      </thead>
      <tbody>{visits.map((visit) => <VisitRow key={visit.appointment.id} visit={visit} />)}</tbody>
    </table>
  );
}

/** Those who are here and not seen yet, longest first by their slot. */
function WaitingNow({ visits }: { visits: Visit[] }) {
  const t = useWords();
  const { zone } = useReference();
  const names = useNames();
  const here = visits.map((visit) => ({ visit, appointment: asAppointment(visit.appointment.body) }))
    .filter(({ appointment }) => appointment.status === 'arrived');
  return (
    <section className="card waiting-now" aria-label={t('today.waiting')}>
      <div className="card-head"><h2>{t('today.waiting')}</h2><span>{here.length}</span></div>
      {here.length === 0 && <Empty>{t('today.nobodyWaits')}</Empty>}
      <ul className="lines">
        {here.map(({ visit, appointment }) => (
          <li key={visit.appointment.id} className="line">
            <span>
              <a href={href({ page: 'chart', id: appointment.patient ?? '' })}><strong><PersonName patient={visit.patient && asPatient(visit.patient.body)} /></strong></a>
              <span className="line-facts">{wallOf(appointment.start ?? '', zone).time} · {names.staff(appointment.practitioner)} · {t.of('AppointmentStatus', appointment.status)}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

