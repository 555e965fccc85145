import { Text } from '@mantine/core';
import { useMemo } from 'react';
import type { Patient, Row } from '../backend/types.gen';
import { Banner } from '../parts/Banner';
import { useMay } from '../parts/context';
import { ChoiceField, TextField } from '../parts/fields';
import { useRecordForm } from '../parts/form';
import { FormPage } from '../parts/FormPage';
import { temporaryId } from '../parts/ids';
import { asPatient, emptyAllergy } from '../parts/records';
import { go } from '../parts/route';
import { toast } from '../parts/toast';
import { useWords } from '../parts/words';
import { AllergyGrid, Section } from './PatientLists';

/** Adds an allergy to a chart. */
export function AddAllergy({ row }: { row: Row }) {
  const t = useWords();
  const fresh = useMemo(() => ({ ...emptyAllergy, id: temporaryId() }), []);
  const initial = useMemo(() => withAllergy(asPatient(row.body), fresh), [row, fresh]);
  const form = useRecordForm<Patient>({
    key: `allergy:${row.id}:new`, kind: 'patient', route: { page: 'allergy', id: row.id, element: null }, title: t('allergy.add'), row, initial, keeps: ['allergy'],
  });
  const added = form.values.allergy.at(-1);
  const mayWrite = useMay().write('patient', 'allergy');

  async function submit() {
    if (!(await form.submit({ noKnownAllergies: form.values.noKnownAllergies ? null : form.values.noKnownAllergies }))) return;
    toast(t('saved.here'));
    go({ page: 'chart', id: row.id });
  }

  return (
    <FormPage form={form} title={t('allergy.add')} banner={<Banner row={row} isLink />} back={{ page: 'chart', id: row.id }} submitLabel={t('form.save')} submitId="allergy-submit" isBarred={mayWrite ? null : t('may.notClinical')} onSubmit={() => void submit()}>
      <Section title={t('section.allergy')}>{added && <AllergyGrid form={form} path={`allergy/${added.id}`} />}</Section>
    </FormPage>
  );
}

function withAllergy(patient: Patient, allergy: Patient['allergy'][number]): Patient {
  return { ...patient, allergy: [...patient.allergy, allergy] };
}

/** Strikes an allergy out, with a reason. It stays on the chart, struck through. */
export function StrikeAllergy({ row, element }: { row: Row; element: string }) {
  const t = useWords();
  const patient = useMemo(() => asPatient(row.body), [row]);
  const allergy = patient.allergy.find((one) => one.id === element);
  const struck = useMemo(() => ({
    ...patient, allergy: patient.allergy.map((one) => (one.id === element ? { ...one, verification: 'refuted' as const } : one)),
  }), [patient, element]);
  const form = useRecordForm<Patient>({
    key: `allergy:${row.id}:${element}`, kind: 'patient', route: { page: 'allergy', id: row.id, element }, title: t('allergy.strike'), row, initial: patient, heldValues: struck,
  });
  const mayWrite = useMay().write('patient', 'allergy');

  async function submit() {
    if (!(await form.submit())) return;
    toast(t('saved.here'));
    go({ page: 'chart', id: row.id });
  }

  return (
    <FormPage form={form} title={t('allergy.strike')} banner={<Banner row={row} isLink />} back={{ page: 'chart', id: row.id }} submitLabel={t('allergy.strikeSubmit')} submitId="allergy-submit" isBarred={mayWrite ? null : t('may.notClinical')} onSubmit={() => void submit()}>
      <Section title={allergy?.substance ?? ''}>
        <Text size="sm" mb="sm">{t('allergy.strikeExplain')}</Text>
        <div className="narrow">
          <ChoiceField form={form} path={`allergy/${element}/verification`} label={t('field.allergy.verification')} choices={(['refuted', 'entered-in-error'] as const).map((value) => ({ value, label: t(`Verification.${value}`) }))} />
          <TextField form={form} path={`allergy/${element}/strikeReason`} label={t('field.allergy.strikeReason')} isRequired />
        </div>
      </Section>
    </FormPage>
  );
}
