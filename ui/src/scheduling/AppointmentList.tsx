import { Button, Group } from '@mantine/core';
import type { Row } from '../backend/types.gen';
import { useMay, useNames } from '../parts/context';
import { Empty } from '../parts/Empty';
import { usePaper } from '../parts/paper';
import { useRow } from '../parts/queries';
import { asAppointment } from '../parts/records';
import { go } from '../parts/route';
import { StatusWord } from '../parts/status';
import { SyncMark } from '../parts/SyncMark';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';
import { Offers } from './Offers';

/** A patient's appointments on the chart, newest first. */
export function AppointmentList({ rows }: { rows: Row[] }) {
  const t = useWords();
  if (rows.length === 0) return <Empty>{t('appointments.none')}</Empty>;
  return <ul className="lines">{rows.map((row) => <AppointmentLine key={row.id} row={row} />)}</ul>;
}

function AppointmentLine({ row }: { row: Row }) {
  const t = useWords();
  const time = useMoment();
  const names = useNames();
  const appointment = asAppointment(row.body);
  const isOpen = ['booked', 'pending', 'proposed', 'waitlist'].includes(appointment.status);
  const mayWrite = useMay().write('appointment', 'start');
  const paper = usePaper();
  const { data: patient = null } = useRow('patient', appointment.patient);
  return (
    <li className="line">
      <span>
        <strong>{time(appointment.start)}</strong> <StatusWord status={appointment.status} /> <SyncMark row={row} isQuiet />
        <span className="line-facts">{[names.staff(appointment.practitioner), names.department(appointment.department), appointment.reason].filter(Boolean).join(' · ')}</span>
        {appointment.status === 'waitlist' && <Offers row={row} patient={patient} />}
        {appointment.cancelReason && <span className="line-facts">{t('field.cancelReason')}: <bdi>{appointment.cancelReason}</bdi></span>}
        {appointment.move.map((move) => <span key={move.id} className="line-facts">{t('appointments.moved', { from: time(move.from), reason: move.reason ?? '' })}</span>)}
      </span>
      <Group gap={4} wrap="nowrap" className="no-print">
        {isOpen && <Button size="compact-sm" variant="subtle" aria-label={`${t('slip.print')}: ${time(appointment.start)}`} onClick={() => paper.slip(row.id)}>{t('slip.print')}</Button>}
        {isOpen && mayWrite && <>
          <Button size="compact-sm" variant="subtle" aria-label={`${t('do.move')}: ${time(appointment.start)}`} onClick={() => go({ page: 'move', id: row.id })}>{t('do.move')}</Button>
          <Button size="compact-sm" variant="subtle" aria-label={`${t('do.repeat')}: ${time(appointment.start)}`} onClick={() => go({ page: 'repeat', id: row.id })}>{t('do.repeat')}</Button>
          <Button size="compact-sm" variant="subtle" aria-label={`${t('do.cancel')}: ${time(appointment.start)}`} onClick={() => go({ page: 'cancel', id: row.id })}>{t('do.cancel')}</Button>
        </>}
      </Group>
    </li>
  );
}
