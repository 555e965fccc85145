import { useMemo, useState } from 'react';
import type { Appointment, Held, Row } from '../backend/types.gen';
import { Banner } from '../parts/Banner';
import { useMay } from '../parts/context';
import { AreaField } from '../parts/fields';
import { useRecordForm } from '../parts/form';
import { FormPage } from '../parts/FormPage';
import { Page } from '../parts/Page';
import { PatientSearch } from '../parts/PatientSearch';
import { asAppointment, asPatient, emptyAppointment, nameText, shownName } from '../parts/records';
import { go } from '../parts/route';
import { toast } from '../parts/toast';
import { useWords } from '../parts/words';
import { SlotSection } from './SlotSection';
import { WhenFields, WithWhom } from './SlotFields';

/** Booking starts with a patient. */
export function ChoosePatient() {
  const t = useWords();
  return (
    <Page title={t('book.title')}>
      <div className="narrow">
        <PatientSearch label={t('book.whom')} isLabelShown onPicked={(row) => go({ page: 'book', id: row.id })} />
      </div>
    </Page>
  );
}

interface BookFormProps { patient: Row; row?: Row | null; held?: Held | null }

/** Books an appointment, or puts a held one right. */
export function BookForm({ patient, row = null, held = null }: BookFormProps) {
  const t = useWords();
  const initial = useMemo(() => (row ? asAppointment(row.body) : { ...emptyAppointment, patient: patient.id, status: 'pending' as const }), [patient.id, row]);
  const form = useRecordForm<Appointment>({
    key: held ? `held:${held.id}` : `book:${patient.id}`, kind: 'appointment',
    route: held ? { page: 'heldForm', id: held.id } : { page: 'book', id: patient.id },
    title: t('book.title'), row, initial, held, heldValues: held ? asAppointment(held.draft) : undefined,
  });
  const mayWrite = useMay().write('appointment', 'start');
  const [heldProblem] = useState(held?.problems[0]);

  async function submit() {
    const saved = await form.submit();
    if (!saved) return;
    const isFirm = asAppointment(saved.body).status === 'booked';
    toast(t(isFirm ? 'saved.booked' : 'saved.pending', { name: nameText(shownName(asPatient(patient.body))) }));
    go({ page: 'chart', id: patient.id });
  }

  return (
    <FormPage form={form} title={held ? t('held.editTitle') : t('book.title')} banner={<Banner row={patient} isLink />} back={held ? { page: 'held' } : { page: 'chart', id: patient.id }} submitLabel={held ? t('held.resend') : t('book.submit')} submitId="book-submit" isBarred={mayWrite ? null : t('may.notBook')} onSubmit={() => void submit()}>
      {heldProblem && <p className="notice notice-held">{t('held.why', { problem: t.problem(heldProblem) })}</p>}
      <SlotSection>
        <WithWhom form={form} />
        <WhenFields form={form} moved={row?.id ?? null} />
        <AreaField form={form} path="reason" label={t('field.reason')} />
      </SlotSection>
    </FormPage>
  );
}
