import { useMemo } from 'react';
import type { Appointment, Row } from '../backend/types.gen';
import { Banner } from '../parts/Banner';
import { useMay, useReference, useSession } from '../parts/context';
import { AreaField, ChoiceField } from '../parts/fields';
import { useRecordForm } from '../parts/form';
import { FormPage } from '../parts/FormPage';
import { Page } from '../parts/Page';
import { PatientSearch } from '../parts/PatientSearch';
import { asAppointment, asPatient, emptyAppointment, nameText, shownName } from '../parts/records';
import { go, href } from '../parts/route';
import { toast } from '../parts/toast';
import { useWords } from '../parts/words';

/** Who is at the counter? Somebody the hospital does not know is registered first. */
export function ChooseWalkIn() {
  const t = useWords();
  const may = useMay();
  return (
    <Page title={t('walkIn.title')}>
      <div className="narrow">
        <p className="page-note">{t('walkIn.explain')}</p>
        <div className="walk-in-whom"><PatientSearch label={t('book.whom')} isLabelShown onPicked={(row) => go({ page: 'walkIn', id: row.id })} /></div>
        {may.write('patient', 'name') && <p><a className="button-link" href={href({ page: 'register' })}>{t('walkIn.register')}</a></p>}
      </div>
    </Page>
  );
}

/** Somebody who came without a time: noted as arrived, in the slot that is running or the doctor's next. The desk finds it. */
export function WalkInForm({ patient }: { patient: Row }) {
  const t = useWords();
  const { ward } = useSession();
  const { departments, staff, schedules } = useReference();
  const own = useMemo(() => departments.filter((one) => one.ward === ward), [departments, ward]);
  const only = own.length === 1 ? own[0]! : null;
  const initial = useMemo(
    () => ({ ...emptyAppointment, patient: patient.id, status: 'arrived' as const, department: only?.id ?? null, ward: only?.ward ?? null }),
    [patient.id, only],
  );
  const form = useRecordForm<Appointment>({ key: `walkIn:${patient.id}`, kind: 'appointment', route: { page: 'walkIn', id: patient.id }, title: t('walkIn.title'), row: null, initial });
  const mayWrite = useMay().write('appointment', 'start');
  const sees = (id: string) => schedules.some((one) => one.practitioner === id && one.departments.includes(form.values.department ?? ''));
  const doctors = staff.filter((one) => one.isActive && sees(one.id));

  async function submit() {
    const row = await form.submit();
    if (!row) return;
    const { queue, department } = asAppointment(row.body);
    toast(t('walkIn.added', { name: nameText(shownName(asPatient(patient.body))), n: queue ?? '' }));
    go({ page: 'board', department });
  }

  return (
    <FormPage form={form} title={t('walkIn.title')} banner={<Banner row={patient} isLink />} back={{ page: 'board', department: null }} submitLabel={t('walkIn.submit')} submitId="walk-in-submit" isBarred={mayWrite ? null : t('may.notBook')} onSubmit={() => void submit()}>
      <fieldset className="section">
        <legend>{t('walkIn.visit')}</legend>
        <ChoiceField
          form={form} path="department" label={t('field.department')} blank={t('choose')} isRequired choices={own.map(({ id, name }) => ({ value: id, label: name }))}
          onPicked={(department) => form.set({ department, practitioner: null, ward: own.find((one) => one.id === department)?.ward ?? null })}
        />
        <ChoiceField
          form={form} path="practitioner" label={t('field.practitioner')} isRequired isDisabled={!form.values.department}
          blank={form.values.department ? t('choose') : t('book.departmentFirst')} choices={doctors.map(({ id, name }) => ({ value: id, label: name }))}
        />
        <AreaField form={form} path="reason" label={t('field.reason')} />
      </fieldset>
    </FormPage>
  );
}
