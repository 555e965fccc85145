import { Button, CloseButton, Group } from '@mantine/core';
import { useEffect, useRef } from 'react';
import type { AppointmentStatus, Visit } from '../backend/types.gen';
import { useMay, useNames } from '../parts/context';
import { usePaper } from '../parts/paper';
import { PersonName } from '../parts/PersonName';
import { asAppointment, asPatient } from '../parts/records';
import { go, href } from '../parts/route';
import { StatusWord, useSetStatus } from '../parts/status';
import { SyncMark } from '../parts/SyncMark';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';
import { whoOf } from './VisitChip';

/** What comes next, as far as a diary is concerned. */
const next: Partial<Record<AppointmentStatus, readonly ('arrived' | 'checked-in' | 'fulfilled' | 'noshow')[]>> = {
  proposed: ['arrived'], pending: ['arrived'], waitlist: ['arrived'], booked: ['arrived', 'noshow'], arrived: ['checked-in'], 'checked-in': ['fulfilled'],
};
const open = ['proposed', 'pending', 'booked', 'waitlist'];

/** The visit that was chosen in a diary, and what can be done with it. */
export function VisitPanel({ visit, onMove, onClose }: { visit: Visit; onMove: () => void; onClose: () => void }) {
  const t = useWords();
  const time = useMoment();
  const names = useNames();
  const paper = usePaper();
  const setStatus = useSetStatus();
  const mayWrite = useMay().write('appointment', 'status');
  const heading = useRef<HTMLHeadingElement>(null);
  const { id } = visit.appointment;
  const { start, practitioner, department, reason, status, patient, queue } = asAppointment(visit.appointment.body);
  const isOpen = open.includes(status);
  useEffect(() => heading.current?.focus({ preventScroll: true }), [id]);
  return (
    <section className="card diary-panel no-print" data-testid="diary-panel" aria-label={t('diary.chosen')} onKeyDown={(event) => { if (event.key === 'Escape') onClose(); }}>
      <div className="card-head">
        <h2 ref={heading} tabIndex={-1}><a href={href({ page: 'chart', id: patient ?? '' })}><PersonName patient={visit.patient && asPatient(visit.patient.body)} /></a></h2>
        <CloseButton aria-label={t('close')} onClick={onClose} />
      </div>
      <p className="card-line"><strong>{time(start)}</strong></p>
      <p className="card-line"><StatusWord status={status} /> <SyncMark row={visit.appointment} isQuiet /></p>
      <p className="card-line">{[names.staff(practitioner), names.department(department)].filter(Boolean).join(' · ')}</p>
      {queue !== null && <p className="card-line">{t('board.number', { n: queue })}</p>}
      {reason && <p className="card-line"><bdi>{reason}</bdi></p>}
      <Group gap={6} mt="xs">
        {mayWrite && isOpen && <Button data-testid="diary-move" onClick={onMove}>{t('do.move')}</Button>}
        {mayWrite && next[status]?.map((step) => (
          <Button key={step} variant="default" onClick={() => void setStatus(visit.appointment, status, step, whoOf(visit, t('diary.unknown')))}>{t(`do.${step}`)}</Button>
        ))}
        {mayWrite && isOpen && <Button variant="default" onClick={() => go({ page: 'cancel', id })}>{t('do.cancel')}</Button>}
        {mayWrite && <Button variant="default" onClick={() => go({ page: 'repeat', id })}>{t('do.repeat')}</Button>}
        {isOpen && <Button variant="subtle" onClick={() => paper.slip(id)}>{t('slip.print')}</Button>}
      </Group>
    </section>
  );
}
