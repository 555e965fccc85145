import { Button, Group, NativeSelect } from '@mantine/core';
import { useRef, useState } from 'react';
import type { Problem, Row } from '../backend/types.gen';
import { Banner } from '../parts/Banner';
import { useBackend, useMay, useNames, useReference } from '../parts/context';
import { addDays, showDate, weekday } from '../parts/dates';
import { newId } from '../parts/ids';
import { Notice } from '../parts/Notice';
import { Page } from '../parts/Page';
import { asAppointment } from '../parts/records';
import { go, href } from '../parts/route';
import { StatusWord } from '../parts/status';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';
import { instantOf, wallOf } from '../parts/zone';

/** Visits that are booked in one go, at most. */
const most = 12;

interface Had { date: string; row: Row | null; problems: readonly Problem[] }

/** The same visit again, week after week: each is booked by itself, and those that could not be had are named. */
export function RepeatPage({ row, patient }: { row: Row; patient: Row }) {
  const t = useWords();
  const time = useMoment();
  const names = useNames();
  const { zone } = useReference();
  const mayBook = useMay().write('appointment', 'start');
  const [weeks, setWeeks] = useState(1);
  const [count, setCount] = useState(4);
  const [had, setHad] = useState<Had[] | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const book = useBooking(row);
  const was = asAppointment(row.body);
  const wall = wallOf(was.start ?? '', zone);
  const dates = Array.from({ length: count }, (_, n) => addDays(wall.date, 7 * weeks * (n + 1)));

  async function submit() {
    setIsBusy(true);
    const found: Had[] = [];
    // one after the other: each is judged by what the one before left
    for (const date of dates) found.push({ date, ...(await book(date, wall.time)) });
    setHad(found);
    setIsBusy(false);
  }

  return (
    <Page title={t('repeat.title')} banner={<Banner row={patient} isLink />}>
      <section className="section narrow">
        <p className="card-line">{t('move.now', { when: time(was.start), doctor: names.staff(was.practitioner), department: names.department(was.department) })}</p>
        {!mayBook && <Notice kind="warn">{t('may.notBook')}</Notice>}
        {had
          ? <Answers had={had} time={wall.time} patient={patient.id} />
          : (
            <>
              <Group gap="sm" my="sm" align="end">
                <NativeSelect label={t('repeat.every')} value={weeks} data={[1, 2, 4].map((n) => ({ value: String(n), label: t('repeat.weeks', { count: n }) }))} onChange={(event) => setWeeks(Number(event.currentTarget.value))} />
                <NativeSelect label={t('repeat.count')} value={count} data={Array.from({ length: most }, (_, n) => String(n + 1))} onChange={(event) => setCount(Number(event.currentTarget.value))} />
              </Group>
              <ul className="lines" aria-label={t('repeat.dates')}>
                {dates.map((date) => <li key={date} className="line">{weekday(date, t.language)} {showDate(date, t.months)} {wall.time}</li>)}
              </ul>
              <Button mt="sm" data-testid="repeat-submit" loading={isBusy} disabled={!mayBook} onClick={() => void submit()}>{t('repeat.submit', { count })}</Button>
            </>
          )}
        <Button mt="sm" ml={had ? 0 : 'sm'} variant="default" onClick={() => go({ page: 'chart', id: patient.id })}>{t('form.back')}</Button>
      </section>
    </Page>
  );
}

/** Books the visit again on a day; the ids are made once, so that pressing twice makes one. */
function useBooking(row: Row) {
  const backend = useBackend();
  const { zone } = useReference();
  const ids = useRef(new Map<string, string>());
  return async (date: string, time: string): Promise<Omit<Had, 'date'>> => {
    const start = instantOf(date, time, zone);
    const field = 'start';
    if (!start) return { row: null, problems: [{ code: 'start.no_such_time', field, with: {} }] };
    const id = ids.current.get(start) ?? newId();
    ids.current.set(start, id);
    const { patient, practitioner, department, ward, minutes, reason } = asAppointment(row.body);
    const facts = { patient, practitioner, department, ward, minutes, start, status: 'booked', ...(reason ? { reason } : {}) };
    const answer = await backend.save({ kind: 'appointment', id, base: null, draft: facts, held: null });
    return answer.outcome === 'saved' ? { row: answer.row, problems: [] } : { row: null, problems: answer.problems };
  };
}

function Answers({ had, time, patient }: { had: readonly Had[]; time: string; patient: string }) {
  const t = useWords();
  const got = had.filter(({ row }) => row !== null);
  const missed = had.filter(({ row }) => row === null);
  const when = (date: string) => `${weekday(date, t.language)} ${showDate(date, t.months)} ${time}`;
  return (
    <div role="status" data-testid="repeat-answers">
      {got.length > 0 && <h2>{t('repeat.got', { count: got.length })}</h2>}
      <ul className="lines" data-testid="repeat-got">
        {got.map(({ date, row }) => <li key={date} className="line">{when(date)} <StatusWord status={asAppointment(row?.body).status} /></li>)}
      </ul>
      {missed.length > 0 && (
        <Notice kind="held" title={t('repeat.missed', { count: missed.length })}>
          <ul data-testid="repeat-missed">
            {missed.map(({ date, problems }) => <li key={date}><strong>{when(date)}</strong> {problems.map((problem) => t.problem(problem)).join(' ')}</li>)}
          </ul>
          <a href={href({ page: 'book', id: patient })}>{t('repeat.other')}</a>
        </Notice>
      )}
    </div>
  );
}
