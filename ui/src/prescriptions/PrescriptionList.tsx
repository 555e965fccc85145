import { Button, Group } from '@mantine/core';
import { IconAlertTriangle, IconPencil, IconSignature } from '@tabler/icons-react';
import type { Line, Row } from '../backend/types.gen';
import { useBackend, useMay, useNames } from '../parts/context';
import { doseText } from '../parts/dose';
import { Empty } from '../parts/Empty';
import { asPrescription } from '../parts/records';
import { go } from '../parts/route';
import { SyncMark } from '../parts/SyncMark';
import { toast, toastProblem } from '../parts/toast';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';

/** A patient's prescriptions on the chart: what is given, whether somebody put their name to it. */
export function PrescriptionList({ rows }: { rows: Row[] }) {
  const t = useWords();
  if (rows.length === 0) return <Empty>{t('prescriptions.none')}</Empty>;
  return <ul className="lines">{rows.map((row) => <PrescriptionItem key={row.id} row={row} />)}</ul>;
}

function PrescriptionItem({ row }: { row: Row }) {
  const t = useWords();
  const time = useMoment();
  const prescription = asPrescription(row.body);
  const isOver = ['stopped', 'cancelled', 'completed', 'entered-in-error'].includes(prescription.status);
  return (
    <li className={isOver ? 'line line-tall is-over' : 'line line-tall'}>
      <div className="line-head">
        <span>{time(prescription.authoredOn)} · <strong>{t.of('PrescriptionStatus', prescription.status)}</strong> <StandingMark row={row} /> <SyncMark row={row} isQuiet /></span>
        {!isOver && <Steps row={row} />}
      </div>
      <ul className="medicines">
        {prescription.line.map((line) => <li key={line.id} className={line.ended ? 'line-struck' : undefined}><LineText line={line} /></li>)}
      </ul>
      {prescription.stopReason && <span className="line-facts">{t('field.stopReason')}: <bdi>{prescription.stopReason}</bdi></span>}
      {prescription.notes && <span className="line-facts"><bdi>{prescription.notes}</bdi></span>}
    </li>
  );
}

function LineText({ line }: { line: Line }) {
  const t = useWords();
  return <><strong><bdi>{line.medicine}</bdi></strong> {doseText(line, t)}{line.instructions && <span className="line-facts"><bdi>{line.instructions}</bdi></span>}</>;
}

function StandingMark({ row }: { row: Row }) {
  const t = useWords();
  const names = useNames();
  const last = asPrescription(row.body).signature.at(-1);
  switch (row.standing) {
    case 'signed': return <span className="mark mark-accepted"><IconSignature size={15} aria-hidden /> {t('standing.signed', { who: names.staff(last?.staff ?? null) })}</span>;
    case 'changedSinceSigned': return <span className="mark mark-held"><IconAlertTriangle size={15} aria-hidden /> {t('standing.changed')}</span>;
    case 'unsigned':
    case null: return <span className="mark mark-saved"><IconPencil size={15} aria-hidden /> {t('standing.unsigned')}</span>;
  }
}

function Steps({ row }: { row: Row }) {
  const t = useWords();
  const backend = useBackend();
  const isAllowed = useMay().write('prescription', 'line');
  if (!isAllowed) return null;
  async function sign() {
    const answer = await backend.sign(row.id, row.heads);
    if (answer.outcome === 'saved') toast(t('saved.signed'));
    else toastProblem(answer.problems.map((problem) => t.problem(problem)).join(' '));
  }
  return (
    <Group gap={4} className="no-print">
      {row.standing !== 'signed' && <Button size="compact-sm" onClick={() => void sign()}>{t('prescription.sign')}</Button>}
      <Button size="compact-sm" variant="default" onClick={() => go({ page: 'prescription', id: row.id })}>{t('prescription.edit')}</Button>
      <Button size="compact-sm" variant="subtle" onClick={() => go({ page: 'stop', id: row.id })}>{t('prescription.stop')}</Button>
    </Group>
  );
}
