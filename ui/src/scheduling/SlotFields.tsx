import { NativeSelect, SimpleGrid } from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { useState } from 'react';
import type { Appointment } from '../backend/types.gen';
import { useReference, useToday } from '../parts/context';
import { readTyped } from '../parts/dates';
import { ChoiceField, fieldId } from '../parts/fields';
import type { RecordForm } from '../parts/form';
import { useDay } from '../parts/queries';
import { asAppointment } from '../parts/records';
import { useWords } from '../parts/words';
import { instantOf, wallOf } from '../parts/zone';

type Form = RecordForm<Appointment>;

const slotMinutes = 30;
const slots = Array.from({ length: 18 }, (_, n) => `${String(9 + Math.floor(n / 2)).padStart(2, '0')}:${n % 2 ? '30' : '00'}`);

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

/** Date and time by the hospital's clock. Slots that this desk knows to be taken say so. */
export function WhenFields({ form, appointment }: { form: Form; appointment: string }) {
  const t = useWords();
  const today = useToday();
  const { zone } = useReference();
  const start = form.values.start ? wallOf(form.values.start, zone) : null;
  const [picked, setDate] = useState<string | null>(null);
  const date = start?.date ?? picked ?? today;
  const { data: visits = [] } = useDay(form.values.ward ?? '', date);
  const taken = visits.filter((visit) => visit.appointment.id !== appointment).map((visit) => asAppointment(visit.appointment.body))
    .filter((other) => other.practitioner === form.values.practitioner && ['booked', 'arrived', 'checked-in', 'fulfilled', 'noshow'].includes(other.status))
    .map((other) => wallOf(other.start ?? '', zone).time);
  const problem = form.problemAt('start');
  const choose = (day: string, time: string | undefined) => form.set({ start: time ? instantOf(day, time, zone) : null, minutes: slotMinutes });
  const times = start && !slots.includes(start.time) ? [start.time, ...slots] : slots;

  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" mb="sm">
      <DateInput
        id={fieldId('date')} label={t('field.date')} value={date} valueFormat="DD-MMM-YYYY" locale={t.language} highlightToday withAsterisk
        description={t('form.dayHint')} dateParser={(text) => readTyped(text, t.months) ?? date}
        onChange={(value) => {
          if (!value) return;
          setDate(value.slice(0, 10));
          choose(value.slice(0, 10), start?.time);
        }}
      />
      <NativeSelect
        id={fieldId('start')} label={t('field.time')} description={t('book.timeHint')} withAsterisk error={problem && t.problem(problem)} value={start?.time ?? ''}
        data={[{ value: '', label: t('choose') }, ...times.map((time) => ({
          value: time, disabled: taken.includes(time), label: taken.includes(time) ? t('book.taken', { time }) : time,
        }))]}
        onChange={(event) => choose(date, event.currentTarget.value || undefined)}
      />
    </SimpleGrid>
  );
}
