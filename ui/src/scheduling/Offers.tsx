import { Button, Group } from '@mantine/core';
import type { Offer, Row, Visit } from '../backend/types.gen';
import { useBackend, useMay, useNames } from '../parts/context';
import { asAppointment, asPatient, nameText, shownName } from '../parts/records';
import { toast, toastProblem } from '../parts/toast';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';

type Takeable = Offer & { start: string };

/** Why a slot was lost, and what the hub offers instead: one press takes it. */
export function Offers({ row, patient }: { row: Row; patient: Visit['patient'] }) {
  const t = useWords();
  const time = useMoment();
  const names = useNames();
  const take = useTake(row, nameText(shownName(asPatient(patient?.body))));
  const mayWrite = useMay().write('appointment', 'start');
  const { lost, offer } = asAppointment(row.body);
  const offers = offer.filter((one): one is Takeable => one.start !== null);
  return (
    <div className="offers">
      {lost && <p className="offers-why">{t.of('Lost', lost)}</p>}
      {offers.length === 0 ? <p>{t('rebook.noOffers')}</p> : mayWrite && (
        <Group gap={6} role="group" aria-label={t('rebook.offers')}>
          <span>{t('rebook.offers')}</span>
          {offers.map((one) => (
            <Button key={one.id} size="compact-sm" variant="default" data-testid="take-offer" onClick={() => void take(one)}>
              {t('rebook.take', { when: time(one.start), doctor: names.staff(one.practitioner) })}
            </Button>
          ))}
        </Group>
      )}
    </div>
  );
}

/** Takes an offer: the patient lost the slot, so this is no move of theirs. */
function useTake(row: Row, name: string) {
  const backend = useBackend();
  const t = useWords();
  const time = useMoment();
  return async ({ practitioner, start }: Takeable) => {
    const draft = { practitioner, start, status: 'pending' };
    const answer = await backend.save({ kind: 'appointment', id: row.id, base: row.heads, draft, held: null });
    if (answer.outcome === 'problems') return toastProblem(answer.problems.map((problem) => t.problem(problem)).join(' '));
    const status = t.of('AppointmentStatus', asAppointment(answer.row.body).status);
    toast(t('rebook.taken', { name, when: time(start), status }));
  };
}
