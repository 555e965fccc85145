import { Button, Textarea } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useState } from 'react';
import type { Emergency, Medicine, Patient, Problem, Summary } from '../backend/types.gen';
import { Allergies, bornText } from '../parts/Banner';
import { Card } from '../parts/Card';
import { useBackend, useNames, useToday } from '../parts/context';
import { doseText } from '../parts/dose';
import { Empty } from '../parts/Empty';
import { OtherNames, PersonName } from '../parts/PersonName';
import { asPatient, isStruck } from '../parts/records';
import { toast } from '../parts/toast';
import { useWords } from '../parts/words';

/** What somebody who treats a stranger has to know first. Nothing here can be changed. */
export function SummaryView({ summary, onNoted }: { summary: Summary; onNoted: (emergency: Emergency) => void }) {
  const patient = asPatient(summary.patient);
  return (
    <div data-testid="emergency-summary" className="emergency-summary">
      <Who patient={patient} />
      <div className="chart-grid">
        <div><AllergyCard patient={patient} /><AlertCard patient={patient} /></div>
        <div><MedicineCard medicines={summary.medicines} /><NoteCard patient={summary.id} onNoted={onNoted} /></div>
      </div>
    </div>
  );
}

function Who({ patient }: { patient: Patient }) {
  const t = useWords();
  const today = useToday();
  const names = useNames();
  const facts = [
    [t('banner.born'), bornText(patient, today, t)], [t('banner.sex'), t.of('Gender', patient.gender ?? 'unknown')], [t('banner.mrn'), patient.mrn ?? t('unknown')],
    [t('banner.place'), [names.ward(patient.ward), patient.bed].filter(Boolean).join(' · ')], [t('field.bloodGroup'), patient.bloodGroup ?? t('unknown')],
  ];
  return (
    <section className="banner" aria-label={t('banner.label')}>
      <div className="banner-name"><PersonName patient={patient} /><OtherNames patient={patient} /></div>
      <dl className="banner-facts">{facts.map(([label, value]) => <div key={label}><dt>{label}</dt><dd className="number">{value}</dd></div>)}</dl>
      <div className="banner-safety"><Allergies patient={patient} /></div>
    </section>
  );
}

function AllergyCard({ patient }: { patient: Patient }) {
  const t = useWords();
  const held = patient.allergy.filter((allergy) => !isStruck(allergy));
  const struck = patient.allergy.filter(isStruck);
  return (
    <Card title={t('chart.allergies')}>
      {held.length === 0 && <p className="card-line">{patient.noKnownAllergies ? t('allergies.none') : t('allergies.notRecorded')}</p>}
      <ul className="lines">
        {held.map((one) => <li key={one.id} className="line"><span><strong><bdi>{one.substance}</bdi></strong> <span className="line-facts">{[one.reaction, t.of('Criticality', one.criticality), t.of('Verification', one.verification)].filter(Boolean).join(' · ')}</span></span></li>)}
        {struck.map((one) => <li key={one.id} className="line line-struck"><span><s><bdi>{one.substance}</bdi></s> · {t.of('Verification', one.verification)}: <bdi>{one.strikeReason}</bdi></span></li>)}
      </ul>
    </Card>
  );
}

function AlertCard({ patient }: { patient: Patient }) {
  const t = useWords();
  return (
    <Card title={t('field.alert')}>
      {patient.alert.length === 0 ? <Empty>{t('emergency.noAlerts')}</Empty> : (
        <div className="banner-safety">{patient.alert.map((alert) => <span key={alert.id} className="chip chip-alert"><IconAlertTriangle size={16} aria-hidden /> <bdi>{alert.text}</bdi></span>)}</div>
      )}
    </Card>
  );
}

function MedicineCard({ medicines }: { medicines: Medicine[] }) {
  const t = useWords();
  return (
    <Card title={t('emergency.medicines')}>
      {medicines.length === 0 && <Empty>{t('emergency.noMedicines')}</Empty>}
      <ul className="medicines">
        {medicines.map(({ line, standing }) => (
          <li key={line.id}>
            <strong><bdi>{line.medicine}</bdi></strong> {doseText(line, t)}
            {line.instructions && <span className="line-facts"><bdi>{line.instructions}</bdi></span>}
            {standing !== 'signed' && <> <span className="mark mark-held"><IconAlertTriangle size={15} aria-hidden /> {t(standing === 'unsigned' ? 'standing.unsigned' : 'standing.changed')}</span></>}
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Goes with the opening, not into a chart: who reviews it reads it. */
function NoteCard({ patient, onNoted }: { patient: string; onNoted: (emergency: Emergency) => void }) {
  const t = useWords();
  const backend = useBackend();
  const [text, setText] = useState('');
  const [problems, setProblems] = useState<Problem[]>([]);

  async function keep() {
    const answer = await backend.emergencyNote(patient, text);
    if (!answer.ok) {
      setProblems(answer.problems);
      return;
    }
    setProblems([]);
    setText('');
    toast(t('emergency.noteSaved'));
    onNoted(answer.value);
  }

  return (
    <Card title={t('emergency.note')}>
      <Textarea data-testid="emergency-note" aria-label={t('emergency.note')} description={t('emergency.noteHint')} autosize minRows={2} maxRows={10} maxLength={4000} dir="auto" error={problems.map((problem) => t.problem(problem)).join(' ') || undefined} value={text} onChange={(event) => setText(event.currentTarget.value)} />
      <Button mt={8} size="compact-sm" data-testid="emergency-note-save" onClick={() => void keep()}>{t('emergency.noteSave')}</Button>
    </Card>
  );
}
