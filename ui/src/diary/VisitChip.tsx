import type { DragEvent } from 'react';
import type { Visit } from '../backend/types.gen';
import { asAppointment, asPatient, nameText, shownName } from '../parts/records';
import { statusSigns } from '../parts/status';
import { useWords } from '../parts/words';

interface VisitChipProps {
  visit: Visit;
  time: string;
  isChosen: boolean;
  isMoving: boolean;
  onChoose: () => void;
  /** Takes it in the hand; nothing where it cannot be moved. */
  onDrag: ((event: DragEvent) => void) | null;
}

export function whoOf(visit: Visit, unknown: string): string {
  return nameText(shownName(asPatient(visit.patient?.body))) || unknown;
}

/** One visit in the diary: a sign, the name, and its status in words. */
export function VisitChip({ visit, time, isChosen, isMoving, onChoose, onDrag }: VisitChipProps) {
  const t = useWords();
  const { status, reason } = asAppointment(visit.appointment.body);
  const Sign = statusSigns[status];
  const who = whoOf(visit, t('diary.unknown'));
  const word = isMoving ? t('diary.isMoving') : t.of('AppointmentStatus', status);
  return (
    <button
      type="button" className="visit" data-testid="diary-visit" data-id={visit.appointment.id} data-status={status} data-moving={isMoving || undefined}
      aria-label={[time, who, word, reason].filter(Boolean).join(', ')} aria-pressed={isChosen} draggable={onDrag !== null}
      onClick={onChoose} onDragStart={onDrag ?? undefined}
    >
      <Sign size={15} aria-hidden /> <bdi className="visit-name">{who}</bdi> <span className="visit-word">{word}</span>
    </button>
  );
}
