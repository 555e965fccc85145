import { SimpleGrid } from '@mantine/core';
import type { Held, Row } from '../backend/types.gen';
import { Banner } from '../parts/Banner';
import { useMay, useNames, useReference, useSession } from '../parts/context';
import { AreaField, CheckField, ChoiceField, DateField, TextField } from '../parts/fields';
import { useRecordForm, type RecordForm } from '../parts/form';
import { FormPage } from '../parts/FormPage';
import { temporaryId } from '../parts/ids';
import { asPatient, emptyName, emptyPatient, emptyPhone, isStruck, nameText, shownName } from '../parts/records';
import { go } from '../parts/route';
import { toast } from '../parts/toast';
import { useWords } from '../parts/words';
import { useMemo } from 'react';
import type { Patient } from '../backend/types.gen';
import { LikelyDuplicates } from './LikelyDuplicates';
import { AddressFields, AlertFields, AllergyFields, ContactFields, NameFields, PhoneFields, Section } from './PatientLists';

/** Registers a patient, edits one, or puts held work about one right. */
export function PatientForm({ row, held = null }: { row: Row | null; held?: Held | null }) {
  const t = useWords();
  const { ward } = useSession();
  const isNew = row === null;
  const blank = useMemo(() => withFirstElements({ ...emptyPatient, ward }), [ward]);
  const initial = useMemo(() => (row ? asPatient(row.body) : blank), [row, blank]);
  const form = useRecordForm<Patient>({
    key: held ? `held:${held.id}` : `patient:${row?.id ?? 'new'}`,
    kind: 'patient',
    route: held ? { page: 'heldForm', id: held.id } : row ? { page: 'edit', id: row.id } : { page: 'register' },
    title: isNew ? t('register.title') : t('edit.title'),
    row, initial, held, heldValues: held ? asPatient(held.draft) : undefined,
  });
  const may = useMay();

  async function submit() {
    const saved = await form.submit();
    if (!saved) return;
    toast(t('saved.patient', { name: nameText(shownName(asPatient(saved.body))) }));
    go({ page: 'chart', id: saved.id });
  }

  return (
    <FormPage
      form={form} title={held ? t('held.editTitle') : isNew ? t('register.title') : t('edit.title')}
      banner={row && <Banner row={row} isLink />} back={row ? { page: 'chart', id: row.id } : { page: 'patients' }}
      submitLabel={isNew ? t('register.submit') : t('form.save')} submitId={isNew ? 'register-submit' : 'edit-submit'}
      isBarred={may.write('patient', 'name') ? null : t(isNew ? 'may.notRegister' : 'may.notEdit')} onSubmit={() => void submit()}
    >
      <Person form={form} isNew={isNew} />
      <Reach form={form} />
      <Safety form={form} isBarred={!may.write('patient', 'allergy')} />
      <Stay form={form} isBarred={!may.write('patient', 'notes')} />
    </FormPage>
  );
}

/** One blank name and phone to start typing in; blanks are never saved. */
function withFirstElements(patient: Patient): Patient {
  return { ...patient, name: [{ ...emptyName, id: temporaryId() }], telecom: [{ ...emptyPhone, id: temporaryId() }] };
}

function Person({ form, isNew }: { form: RecordForm<Patient>; isNew: boolean }) {
  const t = useWords();
  return (
    <Section title={t('section.person')}>
      <NameFields form={form} />
      {isNew && <LikelyDuplicates form={form} />}
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm" mt="sm">
        <DateField form={form} path="birthDate" label={t('field.birthDate')} />
        <ChoiceField form={form} path="gender" label={t('field.gender')} blank={t('choose')} choices={(['female', 'male', 'other', 'unknown'] as const).map((value) => ({ value, label: t(`Gender.${value}`) }))} />
        <TextField form={form} path="nationalId" label={t('field.nationalId')} inputMode="numeric" />
        {!isNew && <DateField form={form} path="deceased" label={t('field.deceased')} description={t('form.deceasedHint')} />}
      </SimpleGrid>
    </Section>
  );
}

function Reach({ form }: { form: RecordForm<Patient> }) {
  const t = useWords();
  return (
    <>
      <Section title={t('section.phones')}><PhoneFields form={form} /></Section>
      <Section title={t('section.addresses')}><AddressFields form={form} /></Section>
      <Section title={t('section.contacts')}><ContactFields form={form} /></Section>
    </>
  );
}

const bloodGroups = ['O+', 'O-', 'A+', 'A-', 'B+', 'B-', 'AB+', 'AB-'] as const;

function Safety({ form, isBarred }: { form: RecordForm<Patient>; isBarred: boolean }) {
  const t = useWords();
  const hasAllergies = form.values.allergy.some((allergy) => !isStruck(allergy));
  return (
    <Section title={t('section.safety')} note={isBarred ? t('may.notClinical') : undefined}>
      <AllergyFields form={form} isBarred={isBarred} />
      <CheckField form={form} path="noKnownAllergies" label={t('field.noKnownAllergies')} isDisabled={isBarred || hasAllergies} description={hasAllergies ? t('allergies.hasSome') : undefined} />
      <AlertFields form={form} isBarred={isBarred} />
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm" mt="sm">
        <ChoiceField form={form} path="bloodGroup" label={t('field.bloodGroup')} blank={t('unknown')} isDisabled={isBarred} choices={bloodGroups.map((value) => ({ value, label: value }))} />
      </SimpleGrid>
    </Section>
  );
}

function Stay({ form, isBarred }: { form: RecordForm<Patient>; isBarred: boolean }) {
  const t = useWords();
  const { wards } = useReference();
  const names = useNames();
  const given = form.values.ward;
  const isOther = given !== null && !names.ward(given);
  const choices = [...wards.map(({ id, name }) => ({ value: id, label: name })), ...(isOther ? [{ value: given, label: given }] : [])];
  return (
    <Section title={t('section.stay')}>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm" mb="sm">
        <ChoiceField form={form} path="ward" label={t('field.ward')} blank={t('choose')} choices={choices} />
        <TextField form={form} path="bed" label={t('field.bed')} placeholder="A-12" />
      </SimpleGrid>
      <AreaField form={form} path="notes" label={t('field.notes')} description={isBarred ? undefined : t('form.notesHint')} isDisabled={isBarred} minRows={3} />
    </Section>
  );
}
