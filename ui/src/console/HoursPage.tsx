import { Button, Group } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, type Ref } from 'react';
import type { Hours, Problem, Reference, Schedule } from '../backend/types.gen';
import { Card } from '../parts/Card';
import { useNames, useReference } from '../parts/context';
import { showDate } from '../parts/dates';
import { Empty } from '../parts/Empty';
import { Notice } from '../parts/Notice';
import { Page } from '../parts/Page';
import { toastProblem, toastUndo } from '../parts/toast';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';
import { useConsole } from './context';
import { LeaveFields, SpanFields } from './HoursFields';
import { href } from './route';

/** When each doctor sees patients. */
export function HoursPage() {
  const t = useWords();
  const { schedules } = useReference();
  const names = useNames();
  const sorted = [...schedules].sort((a, b) => names.staff(a.practitioner).localeCompare(names.staff(b.practitioner)));
  return (
    <Page title={t('console.hours')}>
      <p className="page-note">{t('hours.explain')}</p>
      {sorted.length === 0 && <Empty>{t('hours.none')}</Empty>}
      <ul>{sorted.map((schedule) => <Doctor key={schedule.practitioner} schedule={schedule} />)}</ul>
    </Page>
  );
}

function Doctor({ schedule }: { schedule: Schedule }) {
  const t = useWords();
  const names = useNames();
  const name = names.staff(schedule.practitioner);
  const weekdays = t('weekdays').split(' ');
  const days = schedule.hours.flatMap((spans, day) => (spans.length > 0 ? [`${weekdays[day]} ${spansText(spans)}`] : []));
  return (
    <li data-testid="doctor">
      <Card title={name} action={<a className="button-link" aria-label={t('hours.changeOne', { name })} href={href({ page: 'doctor', id: schedule.practitioner })}>{t('hours.change')}</a>}>
        <dl className="facts">
          <div><dt>{t('hours.week')}</dt><dd>{days.length > 0 ? days.map((day) => <div key={day}>{day}</div>) : t('hours.never')}</dd></div>
          {schedule.breaks.length > 0 && <div><dt>{t('hours.breaks')}</dt><dd>{spansText(schedule.breaks)}</dd></div>}
          {schedule.leave.length > 0 && <div><dt>{t('hours.leave')}</dt><dd>{schedule.leave.map(([first, last]) => <div key={first}>{showDate(first, t.months)} – {showDate(last, t.months)}</div>)}</dd></div>}
        </dl>
      </Card>
    </li>
  );
}

function spansText(spans: readonly Hours[]): string {
  return spans.map(({ from, to }) => `${from.slice(0, 5)}–${to.slice(0, 5)}`).join(', ');
}

/** The form of one doctor. */
export function DoctorPage({ id }: { id: string }) {
  const t = useWords();
  const names = useNames();
  const { schedules, version } = useReference();
  const now = schedules.find(({ practitioner }) => practitioner === id);
  return (
    <Page title={t('hours.of', { name: names.staff(id) })}>
      <p className="page-note"><a href={href({ page: 'hours' })}>{t('hours.back')}</a></p>
      {now && <HoursForm now={now} />}
      {!now && version > 0 && <Empty>{t('problem.practitioner.unknown')}</Empty>}
    </Page>
  );
}

function HoursForm({ now }: { now: Schedule }) {
  const t = useWords();
  const [base, setBase] = useState(now);
  const [draft, setDraft] = useState(now);
  const { problems, outside, isBusy, save } = useSave(setBase);
  const told = useRef<HTMLDivElement>(null);
  // what was found stands above the fields: whoever saved below them is brought there
  useEffect(() => told.current?.focus(), [problems, outside]);
  const weekdays = t('weekdays').split(' ');
  const hasMoved = JSON.stringify(now) !== JSON.stringify(base);

  function reopen() {
    setBase(now);
    setDraft(now);
  }

  return (
    <form noValidate onSubmit={(event) => { event.preventDefault(); void save(base, draft); }}>
      {hasMoved && <Notice kind="warn" role="alert" testId="hours-moved"><p>{t('hours.moved')}</p><Button mt={6} size="compact-sm" variant="default" onClick={reopen}>{t('hours.reopen')}</Button></Notice>}
      <div role="alert">
        {problems.length > 0 && <Notice box={told} kind="held" testId="hours-problems" title={t('hours.problems')}>{problems.map((problem) => <p key={problem.code + problem.field}>{placeOf(problem.field, weekdays, t('hours.breaks'), t('hours.leave'))} {t.problem(problem)}</p>)}</Notice>}
      </div>
      {outside !== null && <Outside starts={outside} box={told} />}
      <fieldset className="section">
        <legend>{t('hours.week')}</legend>
        {draft.hours.map((spans, day) => (
          <SpanFields key={weekdays[day]} name={weekdays[day]!} field={`hours/${day}`} spans={spans} problems={problems} onChange={(next) => setDraft({ ...draft, hours: draft.hours.map((old, at) => (at === day ? next : old)) })} />
        ))}
      </fieldset>
      <fieldset className="section">
        <legend>{t('hours.breaks')}</legend>
        <SpanFields name={t('hours.everyDay')} field="breaks" spans={draft.breaks} problems={problems} onChange={(breaks) => setDraft({ ...draft, breaks })} />
      </fieldset>
      <fieldset className="section">
        <legend>{t('hours.leave')}</legend>
        <LeaveFields leave={draft.leave} problems={problems} onChange={(leave) => setDraft({ ...draft, leave })} />
      </fieldset>
      <Group><Button type="submit" data-testid="hours-save" loading={isBusy}>{t('hours.save')}</Button></Group>
    </form>
  );
}

function useSave(onSaved: (schedule: Schedule) => void) {
  const t = useWords();
  const backend = useConsole();
  const client = useQueryClient();
  const [problems, setProblems] = useState<Problem[]>([]);
  const [outside, setOutside] = useState<string[] | null>(null);
  const [isBusy, setIsBusy] = useState(false);

  function keep(schedule: Schedule) {
    onSaved(schedule);
    client.setQueryData(['reference'], (old: Reference | undefined) => old && { ...old, schedules: old.schedules.map((one) => (one.practitioner === schedule.practitioner ? schedule : one)) });
    return client.invalidateQueries({ queryKey: ['reference'] });
  }

  async function takeBack(base: Schedule, draft: Schedule) {
    const answer = await backend.setHours(draft, base);
    if (!answer.ok) return toastProblem(answer.problems.map((problem) => t.problem(problem)).join(' '));
    setOutside(null);
    await keep(base);
  }

  async function save(base: Schedule, draft: Schedule) {
    setIsBusy(true);
    const answer = await backend.setHours(base, draft);
    setIsBusy(false);
    setProblems(answer.ok ? [] : answer.problems);
    setOutside(answer.ok ? answer.value.outside : null);
    if (!answer.ok) return;
    toastUndo(t('hours.saved'), t('undo'), () => void takeBack(base, draft));
    await keep(draft);
  }
  return { problems, outside, isBusy, save };
}

/** What stands outside the hours now is not moved by itself: somebody has to speak with the patients. */
function Outside({ starts, box }: { starts: string[]; box: Ref<HTMLDivElement> }) {
  const t = useWords();
  const moment = useMoment();
  if (starts.length === 0) return null;
  return (
    <div role="status">
      <Notice box={box} kind="warn" testId="hours-outside" title={t('hours.outside', { count: starts.length })}>
        <p>{starts.map((start) => moment(start)).join(' · ')}</p>
      </Notice>
    </div>
  );
}

/** Where a problem is, such as `Monday`: its path is `hours/0/1`. */
function placeOf(field: string, weekdays: readonly string[], breaks: string, leave: string): string {
  const [list = '', place = ''] = field.split('/');
  const name = { hours: weekdays[Number(place)], breaks, leave }[list];
  return name ? `${name}:` : '';
}
