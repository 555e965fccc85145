import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Allergy, Row } from '../backend/types.gen';
import { useMay } from '../parts/context';
import { showDate } from '../parts/dates';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { asPatient, holds, isStruck, nameText } from '../parts/records';
import { go } from '../parts/route';
import { useWords } from '../parts/words';

/** Allergies: those that hold first, those struck out below, still readable. */
export function AllergySection({ row }: { row: Row }) {
  const t = useWords();
  const mayWrite = useMay().write('patient', 'allergy');
  const patient = asPatient(row.body);
  const ordered = [...patient.allergy].sort((a, b) => Number(isStruck(a)) - Number(isStruck(b)));
  return (
    <Card
      title={t('chart.allergies')}
      action={<Button size="compact-sm" variant="default" className="no-print" data-testid="chart-allergy" disabled={!mayWrite} title={mayWrite ? undefined : t('may.notClinical')} leftSection={<IconPlus size={16} aria-hidden />} onClick={() => go({ page: 'allergy', id: row.id, element: null })}>{t('allergy.add')}</Button>}
    >
      {ordered.every(isStruck) && <p className="card-line">{patient.noKnownAllergies ? t('allergies.none') : t('allergies.notRecorded')}</p>}
      <ul className="lines">
        {ordered.map((allergy) => <AllergyLine key={allergy.id} allergy={allergy} patient={row.id} mayWrite={mayWrite} />)}
      </ul>
    </Card>
  );
}

function AllergyLine({ allergy, patient, mayWrite }: { allergy: Allergy; patient: string; mayWrite: boolean }) {
  const t = useWords();
  const facts = [allergy.reaction, t.of('Criticality', allergy.criticality), t.of('Verification', allergy.verification)].filter(Boolean);
  if (isStruck(allergy)) {
    return (
      <li className="line line-struck">
        <span><s><bdi>{allergy.substance}</bdi></s> · {t.of('Verification', allergy.verification)}: <bdi>{allergy.strikeReason}</bdi></span>
      </li>
    );
  }
  return (
    <li className="line">
      <span><strong><bdi>{allergy.substance}</bdi></strong> <span className="line-facts">{facts.join(' · ')}</span></span>
      <Button size="compact-sm" variant="subtle" className="no-print" disabled={!mayWrite} aria-label={t('allergy.strikeThis', { what: allergy.substance ?? '' })} onClick={() => go({ page: 'allergy', id: patient, element: allergy.id })}>{t('allergy.strike')}</Button>
    </li>
  );
}

export function NotesSection({ row }: { row: Row }) {
  const t = useWords();
  const { notes } = asPatient(row.body);
  return <Card title={t('field.notes')}>{notes ? <p className="notes" dir="auto">{notes}</p> : <Empty>{t('notes.none')}</Empty>}</Card>;
}

/** Names, phones, addresses and next of kin; what no longer holds is folded away. */
export function DetailsSection({ row }: { row: Row }) {
  const t = useWords();
  const patient = asPatient(row.body);
  return (
    <Card title={t('chart.details')}>
      <dl className="facts">
        <Group label={t('field.name')} elements={patient.name} text={(name) => [nameText(name), t.of('NameUse', name.use)]} />
        <Group label={t('field.telecom')} elements={patient.telecom} text={(phone) => [phone.value, t.of('ContactUse', phone.use)]} />
        <Group label={t('field.address')} elements={patient.address} text={(one) => [one.line, one.city, one.postalCode, one.country, t.of('AddressUse', one.use)]} />
        <Group label={t('field.contact')} elements={patient.contact} text={(one) => [one.name, one.relationship, one.phone]} />
        <Group label={t('field.alert')} elements={patient.alert} text={(alert) => [alert.text]} />
        <Fact label={t('field.bloodGroup')}>{patient.bloodGroup ?? t('unknown')}</Fact>
        {patient.deceased && <Fact label={t('field.deceased')}>{showDate(patient.deceased, t.months)}</Fact>}
      </dl>
    </Card>
  );
}

interface GroupProps<E> { label: string; elements: E[]; text: (element: E) => (string | null)[] }

function Group<E extends { id: string; ended: string | null }>({ label, elements, text }: GroupProps<E>) {
  const t = useWords();
  const now = elements.filter((element) => holds(element));
  const past = elements.filter((element) => !holds(element));
  const line = (element: E) => <li key={element.id}><bdi>{text(element).filter(Boolean).join(' · ')}</bdi></li>;
  return (
    <Fact label={label}>
      {now.length > 0 ? <ul className="plain">{now.map(line)}</ul> : t('value.blank')}
      {past.length > 0 && <details><summary>{t('details.past', { count: past.length })}</summary><ul className="plain line-struck">{past.map(line)}</ul></details>}
    </Fact>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return <div><dt>{label}</dt><dd>{children}</dd></div>;
}

