import { Text } from '@mantine/core';
import { useMemo } from 'react';
import type { Appointment, Row } from '../backend/types.gen';
import { Banner } from '../parts/Banner';
import { useMay, useNames } from '../parts/context';
import { TextField } from '../parts/fields';
import { useRecordForm } from '../parts/form';
import { FormPage } from '../parts/FormPage';
import { temporaryId } from '../parts/ids';
import { asAppointment, asPatient, nameText, shownName } from '../parts/records';
import { go, type Route } from '../parts/route';
import { toast } from '../parts/toast';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';
import { SlotSection } from './SlotSection';
import { WhenFields, WithWhom } from './SlotFields';

interface ChangeFormProps { row: Row; patient: Row | null }

function backTo(row: Row): Route {
  const { patient } = asAppointment(row.body);
  return patient ? { page: 'chart', id: patient } : { page: 'today', date: null };
}

/** Moves an appointment to another slot or doctor; every move is kept with its reason. */
export function MoveForm({ row, patient }: ChangeFormProps) {
  const t = useWords();
  const was = useMemo(() => asAppointment(row.body), [row]);
  const move = useMemo(() => ({ id: temporaryId(), from: null, to: null, reason: null }), []);
  // who lost the slot asks for another: that is no move of theirs
  const isLost = was.status === 'waitlist';
  const initial = useMemo(() => (isLost ? { ...was, start: null } : { ...was, move: [...was.move, move] }), [isLost, was, move]);
  const form = useRecordForm<Appointment>({ key: `move:${row.id}`, kind: 'appointment', route: { page: 'move', id: row.id }, title: t('move.title'), row, initial });
  const added = isLost ? undefined : form.values.move.at(-1);
  const mayWrite = useMay().write('appointment', 'start');

  async function submit() {
    const isMoved = form.values.start !== was.start;
    const moves = form.values.move.map((one) => (one.id === added?.id && isMoved ? { ...one, from: was.start, to: form.values.start } : one));
    const saved = await form.submit({ move: moves, ...(isLost ? { status: 'pending' as const } : {}) });
    if (!saved) return;
    const isAsked = asAppointment(saved.body).status === 'pending';
    toast(isAsked ? t('saved.pending', { name: nameText(shownName(asPatient(patient?.body))) }) : t('saved.here'));
    go(backTo(row));
  }

  return (
    <FormPage form={form} title={t('move.title')} banner={patient && <Banner row={patient} isLink />} back={backTo(row)} submitLabel={t('move.submit')} submitId="move-submit" isBarred={mayWrite ? null : t('may.notBook')} onSubmit={() => void submit()}>
      <SlotSection>
        <Now row={row} />
        <WithWhom form={form} />
        <WhenFields form={form} moved={row.id} />
        {added && <TextField form={form} path={`move/${added.id}/reason`} label={t('field.move.reason')} />}
      </SlotSection>
    </FormPage>
  );
}

/** Cancels an appointment. The reason is part of the record. */
export function CancelForm({ row, patient }: ChangeFormProps) {
  const t = useWords();
  const initial = useMemo(() => asAppointment(row.body), [row]);
  const form = useRecordForm<Appointment>({ key: `cancel:${row.id}`, kind: 'appointment', route: { page: 'cancel', id: row.id }, title: t('cancel.title'), row, initial });
  const mayWrite = useMay().write('appointment', 'status');

  async function submit() {
    if (!(await form.submit({ status: 'cancelled' }))) return;
    toast(t('saved.here'));
    go(backTo(row));
  }

  return (
    <FormPage form={form} title={t('cancel.title')} banner={patient && <Banner row={patient} isLink />} back={backTo(row)} submitLabel={t('cancel.submit')} submitId="cancel-submit" isBarred={mayWrite ? null : t('may.notBook')} onSubmit={() => void submit()}>
      <SlotSection>
        <Now row={row} />
        <TextField form={form} path="cancelReason" label={t('field.cancelReason')} isRequired />
      </SlotSection>
    </FormPage>
  );
}

function Now({ row }: { row: Row }) {
  const t = useWords();
  const time = useMoment();
  const names = useNames();
  const { start, practitioner, department } = asAppointment(row.body);
  return <Text size="sm" mb="sm">{t('move.now', { when: time(start), doctor: names.staff(practitioner), department: names.department(department) })}</Text>;
}
