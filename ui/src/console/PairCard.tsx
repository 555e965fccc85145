import { Button, Group } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { Pair, Patient, Problem, RecordId } from '../backend/types.gen';
import { Card } from '../parts/Card';
import { Notice } from '../parts/Notice';
import { PersonName } from '../parts/PersonName';
import { asPatient } from '../parts/records';
import { toastUndo } from '../parts/toast';
import { useValueText } from '../parts/values';
import { useWords } from '../parts/words';
import { useSettle } from './ConflictsPage';
import { Loaded, useConsole, useSay } from './context';
import { usePair } from './queries';

interface PairCardProps { one: RecordId; other: RecordId; rule: Problem; isOpen: boolean; hash: string; isMerged: boolean }

/** Two records side by side that may be of one person, what speaks for it and against it, and what can be done. */
export function PairCard({ one, other, rule, isOpen, hash, isMerged }: PairCardProps) {
  const t = useWords();
  const query = usePair(one, other);
  const reasons = (list: string | undefined) => (list ?? '').split(' ').filter(Boolean).map((reason) => t.of('Reason', reason)).join(', ');
  return (
    <>
      <Card title={t('pair.why')}>
        <dl className="facts">
          <div><dt>{t('pair.for')}</dt><dd data-testid="pair-for">{reasons(rule.with.reasons)}</dd></div>
          <div><dt>{t('pair.against')}</dt><dd>{reasons(rule.with.against) || t('pair.nothing')}</dd></div>
        </dl>
      </Card>
      <Loaded query={query}>{(pair) => <Both pair={pair} isOpen={isOpen} hash={hash} isMerged={isMerged} />}</Loaded>
    </>
  );
}

const shown = ['mrn', 'nationalId', 'birthDate', 'gender', 'bed'] as const;

function Both({ pair, isOpen, hash, isMerged }: { pair: Pair; isOpen: boolean; hash: string; isMerged: boolean }) {
  const t = useWords();
  const act = useMerge();
  const { settle } = useSettle();
  const sides = [
    { id: pair.one, twin: pair.other, patient: asPatient(pair.oneBody), has: pair.oneHas },
    { id: pair.other, twin: pair.one, patient: asPatient(pair.otherBody), has: pair.otherHas },
  ];
  const gone = sides.find(({ patient }) => patient.link.some((link) => link.type === 'replaced-by' && !link.ended));
  return (
    <Card title={t('pair.title')}>
      <div className="conflict-columns" data-testid="pair">
        {sides.map(({ id, twin, patient, has }) => (
          <div className="conflict-column" key={id}>
            <h3><PersonName patient={patient} /></h3>
            <Facts patient={patient} has={has} />
            {isOpen && <Button data-testid="pair-merge" variant="default" aria-label={t('pair.keepThis', { mrn: patient.mrn ?? id.slice(-6) })} onClick={() => void act.merge(twin, id)}>{t('pair.keep')}</Button>}
          </div>
        ))}
      </div>
      {isOpen && <p className="line-facts">{t('pair.explain')}</p>}
      {isOpen && <Group mt="sm"><Button variant="default" data-testid="pair-two" onClick={() => void settle([hash], { action: 'dismiss' })}>{t('pair.two')}</Button></Group>}
      {isMerged && gone && (
        <Notice kind="info">
          <p>{t('pair.merged', { mrn: gone.patient.mrn ?? gone.id.slice(-6) })}</p>
          <Button mt={6} variant="default" data-testid="pair-part" onClick={() => void act.part(gone.id, gone.twin)}>{t('pair.part')}</Button>
        </Notice>
      )}
    </Card>
  );
}

function Facts({ patient, has }: { patient: Patient; has: number }) {
  const t = useWords();
  const value = useValueText();
  const phones = patient.telecom.filter((phone) => !phone.ended).map((phone) => phone.value).join(', ');
  return (
    <dl className="facts">
      {shown.map((path) => <div key={path}><dt>{t.field(path)}</dt><dd><bdi>{path === 'mrn' ? patient.mrn ?? t('value.blank') : value('patient', path, patient[path])}</bdi></dd></div>)}
      <div><dt>{t.field('telecom')}</dt><dd><bdi>{phones || t('value.blank')}</bdi></dd></div>
      <div><dt>{t('pair.has')}</dt><dd>{has}</dd></div>
    </dl>
  );
}

function useMerge() {
  const t = useWords();
  const backend = useConsole();
  const say = useSay();
  const client = useQueryClient();
  const again = async () => { await Promise.all(['conflicts', 'conflictOne', 'pair'].map((key) => client.invalidateQueries({ queryKey: [key] }))); };

  async function part(gone: RecordId, kept: RecordId) {
    if (say(await backend.partPatients(gone, kept))) await again();
  }

  async function merge(gone: RecordId, kept: RecordId) {
    const answer = await backend.mergePatients(gone, kept);
    if (!say(answer)) return;
    toastUndo(t('pair.done', { count: answer.value.moved }), t('undo'), () => void part(gone, kept));
    await again();
  }

  return { merge, part };
}
