import { Button, Group } from '@mantine/core';
import type { Appointment, AppointmentStatus, Visit } from '../backend/types.gen';
import { bornText } from '../parts/Banner';
import { useMay, useNames, useReference, useToday } from '../parts/context';
import { usePaper } from '../parts/paper';
import { PersonName } from '../parts/PersonName';
import { asAppointment, asPatient, nameText, shownName } from '../parts/records';
import { go, href } from '../parts/route';
import { rowPress } from '../parts/rowPress';
import { SyncMark } from '../parts/SyncMark';
import { StatusWord, useSetStatus } from '../parts/status';
import { useWords } from '../parts/words';
import { wallOf } from '../parts/zone';

/** One visit of the day, with the next step one press away. */
export function VisitRow({ visit }: { visit: Visit }) {
  const t = useWords();
  const today = useToday();
  const { zone } = useReference();
  const names = useNames();
  const appointment = asAppointment(visit.appointment.body);
  const person = visit.patient && asPatient(visit.patient.body);
  const isOver = ['cancelled', 'fulfilled', 'noshow', 'entered-in-error'].includes(appointment.status);
  return (
    // the keyboard has the name's link
    <tr data-testid="row-visit" data-status={appointment.status} className={isOver ? 'opens is-over' : 'opens'} onClick={rowPress(() => go({ page: 'chart', id: appointment.patient ?? '' }))}>
      <td className="number">{wallOf(appointment.start ?? '', zone).time}</td>
      <td>
        <a href={href({ page: 'chart', id: appointment.patient ?? '' })}><PersonName patient={person} /></a>{' '}
        <SyncMark row={visit.appointment} isQuiet />
        {person && <span className="print-only line-facts">{[bornText(person, today, t), person.mrn].filter(Boolean).join(' · ')}</span>}
      </td>
      <td className="nowrap">{names.staff(appointment.practitioner)}<span className="line-facts">{names.department(appointment.department)}</span></td>
      <td className="wraps"><bdi>{appointment.reason}</bdi>{appointment.status === 'cancelled' && <span className="line-facts"><bdi>{appointment.cancelReason}</bdi></span>}</td>
      <td><StatusWord status={appointment.status} /></td>
      <td className="no-print"><NextSteps visit={visit} appointment={appointment} /></td>
    </tr>
  );
}

/** What usually comes next; the second step is the rarer one. */
const next: Partial<Record<AppointmentStatus, readonly ('arrived' | 'checked-in' | 'fulfilled' | 'noshow')[]>> = {
  proposed: ['arrived'], pending: ['arrived'], booked: ['arrived', 'noshow'], arrived: ['checked-in'], 'checked-in': ['fulfilled'],
};

function NextSteps({ visit, appointment }: { visit: Visit; appointment: Appointment }) {
  const t = useWords();
  const setStatus = useSetStatus();
  const mayWrite = useMay().write('appointment', 'status');
  const paper = usePaper();
  const who = nameText(shownName(asPatient(visit.patient?.body)));
  const id = visit.appointment.id;
  const isOpen = appointment.status === 'booked' || appointment.status === 'pending' || appointment.status === 'proposed' || appointment.status === 'waitlist';
  const slip = isOpen && <Button size="compact-sm" variant="subtle" aria-label={`${t('slip.print')}: ${who}`} onClick={() => paper.slip(id)}>{t('slip.print')}</Button>;
  if (!mayWrite) return slip;
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      {slip}
      {next[appointment.status]?.map((status) => (
        <Button key={status} size="compact-sm" variant={status === 'noshow' ? 'subtle' : 'default'} aria-label={`${t(`do.${status}`)}: ${who}`} onClick={() => void setStatus(visit.appointment, appointment.status, status, who)}>{t(`do.${status}`)}</Button>
      ))}
      {isOpen && (
        <>
          <Button size="compact-sm" variant="subtle" aria-label={`${t('do.move')}: ${who}`} onClick={() => go({ page: 'move', id })}>{t('do.move')}</Button>
          <Button size="compact-sm" variant="subtle" aria-label={`${t('do.cancel')}: ${who}`} onClick={() => go({ page: 'cancel', id })}>{t('do.cancel')}</Button>
        </>
      )}
    </Group>
  );
}
