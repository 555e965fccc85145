import { ActionIcon, Button, NativeSelect } from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import type { Hours, Problem } from '../backend/types.gen';
import { useToday } from '../parts/context';
import { readTyped } from '../parts/dates';
import { useWords } from '../parts/words';

function useSentence(problems: readonly Problem[]) {
  const t = useWords();
  return (field: string): string | undefined => {
    const own = problems.filter((problem) => problem.field === field).map((problem) => t.problem(problem));
    return own.length > 0 ? own.join(' ') : undefined;
  };
}

interface SpanFieldsProps { name: string; field: string; spans: readonly Hours[]; problems: readonly Problem[]; onChange: (spans: Hours[]) => void }

/** From when to when, once or several times. */
export function SpanFields({ name, field, spans, problems, onChange }: SpanFieldsProps) {
  const t = useWords();
  const sentence = useSentence(problems);
  const put = (place: number, change: Partial<Hours>) => onChange(spans.map((span, at) => (at === place ? { ...span, ...change } : span)));
  const whole = sentence(field);
  return (
    <div className="hours-day" role="group" aria-label={name} data-testid={field}>
      <span className="hours-name">{name}</span>
      <div className="hours-spans">
        {spans.length === 0 && <span className="line-facts">{t('hours.noSpan')}</span>}
        {spans.map((span, place) => (
          // a span has no name of its own but its place
          <div key={place} className="hours-span">
            <NativeSelect label={t('hours.from')} data={timesWith(span.from)} value={span.from} error={sentence(`${field}/${place}`)} onChange={(event) => put(place, { from: event.currentTarget.value })} />
            <NativeSelect label={t('hours.to')} data={timesWith(span.to)} value={span.to} onChange={(event) => put(place, { to: event.currentTarget.value })} />
            <ActionIcon className="hours-remove" variant="default" size="lg" aria-label={t('hours.remove', { name, n: place + 1 })} onClick={() => onChange(spans.filter((_, at) => at !== place))}><IconTrash size={16} aria-hidden /></ActionIcon>
          </div>
        ))}
        {whole && <p className="danger-text">{whole}</p>}
      </div>
      <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} aria-hidden />} aria-label={t('hours.addTo', { name })} data-testid={`${field}-add`} onClick={() => onChange([...spans, { from: '09:00:00', to: '12:00:00' }])}>{t('hours.add')}</Button>
    </div>
  );
}

/** The half hours of a day by the clock of 24 hours, which a browser's own field may not show. The server says which can be. */
const times = Array.from({ length: 48 }, (_, n) => `${String(Math.floor(n / 2)).padStart(2, '0')}:${n % 2 === 0 ? '00' : '30'}:00`);

function timesWith(own: string) {
  const all = times.includes(own) ? times : [...times, own].sort();
  return all.map((value) => ({ value, label: value.slice(0, 5) }));
}

interface LeaveFieldsProps { leave: readonly [string, string][]; problems: readonly Problem[]; onChange: (leave: [string, string][]) => void }

/** First and last days of leave. */
export function LeaveFields({ leave, problems, onChange }: LeaveFieldsProps) {
  const t = useWords();
  const sentence = useSentence(problems);
  const put = (place: number, next: [string, string]) => onChange(leave.map((one, at) => (at === place ? next : one)));
  const today = useToday();
  return (
    <div className="hours-spans">
      {leave.length === 0 && <span className="line-facts">{t('hours.noLeave')}</span>}
      {leave.map(([first, last], place) => (
        <div key={place} className="hours-span">
          <LeaveDay label={t('hours.first')} value={first} error={sentence(`leave/${place}`)} onChange={(day) => put(place, [day, last])} />
          <LeaveDay label={t('hours.last')} value={last} onChange={(day) => put(place, [first, day])} />
          <ActionIcon className="hours-remove" variant="default" size="lg" aria-label={t('hours.remove', { name: t('hours.leave'), n: place + 1 })} onClick={() => onChange(leave.filter((_, at) => at !== place))}><IconTrash size={16} aria-hidden /></ActionIcon>
        </div>
      ))}
      <div><Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} aria-hidden />} data-testid="leave-add" onClick={() => onChange([...leave, [today, today]])}>{t('hours.addLeave')}</Button></div>
    </div>
  );
}

interface LeaveDayProps { label: string; value: string; error?: string; onChange: (day: string) => void }

function LeaveDay({ label, value, error, onChange }: LeaveDayProps) {
  const t = useWords();
  return (
    <DateInput
      label={label} valueFormat="DD-MMM-YYYY" value={value} error={error} onChange={(date) => date && onChange(date)} dateParser={(text) => readTyped(text, t.months)}
      popoverProps={{ withinPortal: true }}
    />
  );
}
