import { NativeSelect, SimpleGrid, Text } from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { useState } from 'react';
import type { Appointment, FreeAsk, FreeSlot, Promise as Given } from '../backend/types.gen';
import { useNames, useReference, useToday } from '../parts/context';
import { readTyped, showDate } from '../parts/dates';
import { ChoiceField, fieldId } from '../parts/fields';
import type { RecordForm } from '../parts/form';
import { useFree } from '../parts/queries';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';
import { wallOf } from '../parts/zone';

type Form = RecordForm<Appointment>;

const slotMinutes = 30;
/** Slots of one doctor on one day, and how many are suggested. */
const ofDay = 48;
const suggested = 4;

/** Department, then its doctors. */
export function WithWhom({ form }: { form: Form }) {
  const t = useWords();
  const { departments, staff } = useReference();
  const doctors = staff.filter((one) => one.isActive && one.roles.includes('doctor') && one.departments.includes(form.values.department ?? ''));
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" mb="sm">
      <ChoiceField
        form={form} path="department" label={t('field.department')} blank={t('choose')} isRequired
        choices={departments.map(({ id, name }) => ({ value: id, label: name }))}
        onPicked={(department) => form.set({ department, practitioner: null, ward: departments.find((one) => one.id === department)?.ward ?? null })}
      />
      <ChoiceField
        form={form} path="practitioner" label={t('field.practitioner')} isRequired isDisabled={!form.values.department}
        blank={form.values.department ? t('choose') : t('book.departmentFirst')}
        choices={doctors.map(({ id, name }) => ({ value: id, label: name }))}
      />
    </SimpleGrid>
  );
}

function useWish(form: Form, moved: string | null): FreeAsk {
  const { practitioner, department, patient } = form.values;
  return { practitioner, department, patient, moved, notBefore: null, notAfter: null, limit: suggested };
}

/**
 * The doctor's day by the hospital's clock: what is free, and what may be promised of it. Until somebody says which day, it is
 * the next on which the doctor has time. Above it what is free next, one press away.
 */
export function WhenFields({ form, moved }: { form: Form; moved: string | null }) {
  const t = useWords();
  const today = useToday();
  const { zone } = useReference();
  const { practitioner } = form.values;
  const start = form.values.start ? wallOf(form.values.start, zone) : null;
  const [picked, setPicked] = useState<string | null>(null);
  const wish = useWish(form, moved);
  const { data: next } = useFree({ ...wish, notBefore: picked }, form.values.department !== null);
  const date = start?.date ?? picked ?? (practitioner && next?.[0] ? wallOf(next[0].start, zone).date : today);
  const { data: free = [], isSuccess } = useFree({ ...wish, notBefore: date, notAfter: date, limit: ofDay }, practitioner !== null);
  const problem = form.problemAt('start');
  const choose = (slot: FreeSlot | undefined) => form.set(slot ? { start: slot.start, practitioner: slot.practitioner, minutes: slotMinutes } : { start: null });
  const chosen = free.find((slot) => slot.start === form.values.start);
  const timeOf = (slot: FreeSlot) => wallOf(slot.start, zone).time;
  const gone = start && !chosen ? [{ value: start.time, label: isSuccess ? t('book.gone', { time: start.time }) : start.time }] : [];

  return (
    <>
      {next && <NextFree slots={next} practitioner={practitioner} from={picked} chosen={form.values.start} onChosen={choose} />}
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" mb={4}>
        <DateInput
          id={fieldId('date')} label={t('field.date')} value={date} valueFormat="DD-MMM-YYYY" locale={t.language} highlightToday withAsterisk
          description={t('form.dayHint')} dateParser={(text) => readTyped(text, t.months) ?? date}
          onChange={(value) => {
            if (!value) return;
            setPicked(value.slice(0, 10));
            form.set({ start: null });
          }}
        />
        <NativeSelect
          id={fieldId('start')} label={t('field.time')} description={t('book.timeHint')} withAsterisk error={problem && t.problem(problem)} value={start?.time ?? ''}
          data={[{ value: '', label: t('choose') }, ...gone, ...free.map((slot) => ({
            value: timeOf(slot), label: `${timeOf(slot)} – ${t(`promise.${slot.promise}`)}`,
          }))]}
          onChange={(event) => choose(free.find((slot) => timeOf(slot) === event.currentTarget.value))}
        />
      </SimpleGrid>
      <div role="status" className="promise-line">
        {chosen && <PromiseLine promise={chosen.promise} />}
        {practitioner && !start && isSuccess && free.length === 0 && <Text size="sm">{t('book.noneFree')}</Text>}
      </div>
    </>
  );
}

/** What may be said to the patient about the time that is chosen. */
function PromiseLine({ promise }: { promise: Given }) {
  const t = useWords();
  return <Text size="sm" data-testid="promise" data-promise={promise} className={`promise promise-${promise}`}>{t(`promise.${promise}.explain`)}</Text>;
}

interface NextFreeProps { slots: FreeSlot[]; practitioner: string | null; from: string | null; chosen: string | null; onChosen: (slot: FreeSlot) => void }

function NextFree({ slots, practitioner, from, chosen, onChosen }: NextFreeProps) {
  const t = useWords();
  const time = useMoment();
  const names = useNames();
  const blanks = { doctor: names.staff(practitioner), date: from ? showDate(from, t.months) : '' };
  const title = practitioner ? t(from ? 'book.nextFromWith' : 'book.nextWith', blanks) : t(from ? 'book.nextFrom' : 'book.next', blanks);
  return (
    <div role="group" aria-label={title} className="next-free">
      <Text size="sm" fw={500}>{title}</Text>
      {slots.length === 0 && <Text size="sm">{t('book.nextNone')}</Text>}
      <ul>
        {slots.map((slot) => (
          <li key={slot.practitioner + slot.start}>
            <button type="button" data-testid="next-free" data-promise={slot.promise} aria-pressed={slot.start === chosen && slot.practitioner === practitioner} className="next-free-slot" onClick={() => onChosen(slot)}>
              {time(slot.start)}{practitioner ? '' : ` · ${names.staff(slot.practitioner)}`} <span className={`promise promise-${slot.promise}`}>{t(`promise.${slot.promise}`)}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
