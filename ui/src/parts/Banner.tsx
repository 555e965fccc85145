import { IconAlertTriangle, IconCircleCheck, IconHelpCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Patient, Row } from '../backend/types.gen';
import { useNames, useToday } from './context';
import { showDate, ageOn } from './dates';
import { OtherNames, PersonName } from './PersonName';
import { asPatient, holds, isStruck } from './records';
import { SyncMark } from './SyncMark';
import { href } from './route';
import { useWords, type Words } from './words';

/** Who this is, always in sight. Labels lighter than values, nothing left to guess. */
export function Banner({ row, isLink = false }: { row: Row; isLink?: boolean }) {
  const t = useWords();
  const today = useToday();
  const names = useNames();
  const patient = asPatient(row.body);
  const place = [names.ward(patient.ward), patient.bed].filter(Boolean).join(' · ');
  const alerts = patient.alert.filter((alert) => holds(alert));
  return (
    <section className="banner" data-testid="chart-banner" aria-label={t('banner.label')}>
      <div className="banner-name">
        {isLink ? <a href={href({ page: 'chart', id: row.id })}><PersonName patient={patient} /></a> : <PersonName patient={patient} />}
        <OtherNames patient={patient} />
        {patient.deceased && <strong className="banner-dead">{t('banner.died', { date: showDate(patient.deceased, t.months) })}</strong>}
        <SyncMark row={row} />
      </div>
      <dl className="banner-facts">
        <Fact label={t('banner.born')}>{bornText(patient, today, t)}</Fact>
        <Fact label={t('banner.sex')}>{t.of('Gender', patient.gender ?? 'unknown')}</Fact>
        <Fact label={t('banner.mrn')}><span className="number">{patient.mrn ? grouped(patient.mrn) : t('unknown')}</span></Fact>
        <Fact label={t('banner.nationalId')}><span className="number">{patient.nationalId ?? t('unknown')}</span></Fact>
        <Fact label={t('banner.place')}>{place || t('unknown')}</Fact>
      </dl>
      <div className="banner-safety">
        <Allergies patient={patient} />
        {alerts.map((alert) => <span key={alert.id} className="chip chip-alert"><IconAlertTriangle size={16} aria-hidden /> <bdi>{alert.text}</bdi></span>)}
      </div>
    </section>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return <div><dt>{label}</dt><dd>{children}</dd></div>;
}

/** Hospital numbers are read out in threes. */
function grouped(mrn: string): string {
  return /^\d{9}$/.test(mrn) ? mrn.replace(/(\d{3})(?=\d)/g, '$1\u00a0') : mrn;
}

export function bornText(patient: Patient, today: string, t: Words): string {
  if (!patient.birthDate) return t('unknown');
  const end = patient.deceased ?? today;
  const age = ageOn(patient.birthDate, end.length === 10 ? end : today);
  return [showDate(patient.birthDate, t.months), age && `(${ageText(age, t)})`].filter(Boolean).join(' ');
}

function ageText(age: NonNullable<ReturnType<typeof ageOn>>, t: Words): string {
  const about = age.isAbout ? t('age.about') : '';
  if (age.years >= 2) return about + t('age.years', { n: age.years });
  if (age.months >= 1) return about + t('age.months', { n: age.months });
  return about + t('age.days', { n: age.days });
}

export function Allergies({ patient }: { patient: Patient }) {
  const t = useWords();
  const active = patient.allergy.filter((allergy) => !isStruck(allergy));
  if (active.length > 0) {
    return (
      <span className="chip chip-danger">
        <IconAlertTriangle size={16} aria-hidden /> <span>{t('allergies.label')}</span>{' '}
        <strong>{active.map((allergy, n) => <bdi key={allergy.id}>{n > 0 ? ', ' : ''}{allergy.substance}</bdi>)}</strong>
      </span>
    );
  }
  return patient.noKnownAllergies
    ? <span className="chip chip-ok"><IconCircleCheck size={16} aria-hidden /> {t('allergies.none')}</span>
    : <span className="chip chip-unknown"><IconHelpCircle size={16} aria-hidden /> {t('allergies.notRecorded')}</span>;
}
