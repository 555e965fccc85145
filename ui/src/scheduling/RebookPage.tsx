import { Button, Group } from '@mantine/core';
import type { Visit } from '../backend/types.gen';
import { useMay, useNames } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Page } from '../parts/Page';
import { PersonName } from '../parts/PersonName';
import { useRebooking } from '../parts/queries';
import { asAppointment, asPatient, nameText, shownName } from '../parts/records';
import { go, href } from '../parts/route';
import { SyncMark } from '../parts/SyncMark';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';
import { Offers } from './Offers';

/** Everybody whose slot the hub gave to somebody else, until they have another. */
export function RebookPage() {
  const t = useWords();
  const { data: visits = [], isPending } = useRebooking();
  return (
    <Page title={t('rebook.title')}>
      <p>{t('rebook.explain')}</p>
      {!isPending && visits.length === 0 && <Empty>{t('rebook.none')}</Empty>}
      <ul className="lines">{visits.map((visit) => <Lost key={visit.appointment.id} visit={visit} />)}</ul>
    </Page>
  );
}

function Lost({ visit: { appointment: row, patient } }: { visit: Visit }) {
  const t = useWords();
  const time = useMoment();
  const names = useNames();
  const mayWrite = useMay().write('appointment', 'start');
  const { patient: id, start, practitioner } = asAppointment(row.body);
  const person = patient && asPatient(patient.body);
  const who = nameText(shownName(asPatient(patient?.body)));
  const phone = person?.telecom.find((one) => !one.ended)?.value;
  return (
    <li className="line" data-testid="rebook-item">
      <span>
        <a href={href({ page: 'chart', id: id ?? '' })}><strong><PersonName patient={person} /></strong></a> <SyncMark row={row} isQuiet />
        <span className="line-facts">{[t('rebook.was', { when: time(start), doctor: names.staff(practitioner) }), phone].filter(Boolean).join(' · ')}</span>
        <Offers row={row} patient={patient} />
      </span>
      {mayWrite && (
        <Group gap={4} wrap="nowrap" className="no-print">
          <Button size="compact-sm" variant="subtle" aria-label={`${t('rebook.other')}: ${who}`} onClick={() => go({ page: 'move', id: row.id })}>{t('rebook.other')}</Button>
          <Button size="compact-sm" variant="subtle" aria-label={`${t('do.cancel')}: ${who}`} onClick={() => go({ page: 'cancel', id: row.id })}>{t('do.cancel')}</Button>
        </Group>
      )}
    </li>
  );
}
