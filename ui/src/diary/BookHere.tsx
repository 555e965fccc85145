import { CloseButton } from '@mantine/core';
import { useEffect, useRef } from 'react';
import type { Row } from '../backend/types.gen';
import { useNames, useReference, useSession } from '../parts/context';
import { keepDraft, useDrafts } from '../parts/drafts';
import { newId } from '../parts/ids';
import { PatientSearch } from '../parts/PatientSearch';
import { emptyAppointment } from '../parts/records';
import { go, type Route } from '../parts/route';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';
import type { Target } from './useMoveVisit';

/** A free place that was pressed: for whom? The form of a booking opens with the place filled in. */
export function BookHere({ place, department, onClose }: { place: Target; department: string | null; onClose: () => void }) {
  const t = useWords();
  const time = useMoment();
  const names = useNames();
  const { staff, ward } = useSession();
  const { schedules, departments } = useReference();
  const of = schedules.find((one) => one.practitioner === place.practitioner)?.departments ?? [];
  // where the doctor has several departments, the one that is looked at, else one of this ward
  const own = departments.filter((one) => of.includes(one.id));
  const chosen = own.find((one) => one.id === department) ?? own.find((one) => one.ward === ward) ?? own[0];

  const drafts = useDrafts(staff.id);
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => search.current?.focus(), [place]);

  function book(patient: Row) {
    const key = `book:${patient.id}`;
    const initial = { ...emptyAppointment, patient: patient.id };
    // a form for this patient that was left half filled keeps what was typed into it
    const old = drafts.find((one) => one.key === key);
    const route: Route = { page: 'book', id: patient.id };
    const values = { ...(old?.values ?? initial), ...place, minutes: 30, department: chosen?.id ?? null, ward: chosen?.ward ?? null };
    keepDraft({ key, staff: staff.id, route, title: t('book.title'), initial, values, id: old?.id ?? newId(), base: null });
    go(route);
  }

  return (
    <section className="card diary-panel no-print" data-testid="diary-book" aria-labelledby="book-here" onKeyDown={(event) => { if (event.key === 'Escape') onClose(); }}>
      <div className="card-head">
        <h2 id="book-here">{t('diary.bookAt', { when: time(place.start), doctor: names.staff(place.practitioner) })}</h2>
        <CloseButton aria-label={t('close')} onClick={onClose} />
      </div>
      <PatientSearch input={search} label={t('book.whom')} isLabelShown onPicked={book} />
    </section>
  );
}
