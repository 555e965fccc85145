import { Button, Group } from '@mantine/core';
import type { AppointmentStatus, Visit } from '../backend/types.gen';
import { useMay, useNames, useSession } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Page } from '../parts/Page';
import { PersonName } from '../parts/PersonName';
import { useUnresolved } from '../parts/queries';
import { asAppointment, asPatient, nameText, shownName } from '../parts/records';
import { href } from '../parts/route';
import { StatusWord, useSetStatus } from '../parts/status';
import { SyncMark } from '../parts/SyncMark';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';

/** Visits that are over, and of which nobody has said what became of them. */
export function UnresolvedPage() {
  const t = useWords();
  const { ward } = useSession();
  const names = useNames();
  const { data: visits = [], isPending } = useUnresolved(ward);
  return (
    <Page title={t('unresolved.of', { ward: names.ward(ward) })}>
      <p>{t('unresolved.explain')}</p>
      {!isPending && visits.length === 0 && <Empty>{t('unresolved.none')}</Empty>}
      <ul className="lines">{visits.map((visit) => <Open key={visit.appointment.id} visit={visit} />)}</ul>
    </Page>
  );
}

/** What may have become of a visit: who was here has been seen, or is still to be written down. */
const ends = (status: AppointmentStatus) => (status === 'arrived' || status === 'checked-in' ? ['fulfilled'] as const : ['fulfilled', 'noshow'] as const);

function Open({ visit: { appointment: row, patient } }: { visit: Visit }) {
  const t = useWords();
  const time = useMoment();
  const names = useNames();
  const setStatus = useSetStatus();
  const mayWrite = useMay().write('appointment', 'status');
  const { patient: id, start, practitioner, status } = asAppointment(row.body);
  const person = patient && asPatient(patient.body);
  const who = nameText(shownName(asPatient(patient?.body)));
  return (
    <li className="line" data-testid="unresolved-item">
      <span>
        <a href={href({ page: 'chart', id: id ?? '' })}><strong><PersonName patient={person} /></strong></a> <SyncMark row={row} isQuiet />
        <span className="line-facts">{[time(start), names.staff(practitioner)].join(' · ')} · <StatusWord status={status} /></span>
      </span>
      {mayWrite && (
        <Group gap={4} wrap="nowrap" className="no-print">
          {ends(status).map((after) => (
            <Button key={after} size="compact-sm" variant={after === 'noshow' ? 'subtle' : 'default'} aria-label={`${t(`do.${after}`)}: ${who}`} onClick={() => void setStatus(row, status, after, who)}>{t(`do.${after}`)}</Button>
          ))}
        </Group>
      )}
    </li>
  );
}
