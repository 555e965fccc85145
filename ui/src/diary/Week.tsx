import { useNames, useReference } from '../parts/context';
import { showDate, weekday } from '../parts/dates';
import { href, type Route } from '../parts/route';
import { useWords } from '../parts/words';
import { freeOf, timeOf, type Column } from './columns';
import { whoOf } from './VisitChip';
import { statusSigns } from '../parts/status';
import { asAppointment } from '../parts/records';

interface WeekProps { label: string; columns: readonly Column[]; dates: readonly string[]; dayAddress: (date: string) => Route }

/** A department's week: what each doctor has each day, and how much is free. */
export function Week({ label, columns, dates, dayAddress }: WeekProps) {
  const t = useWords();
  const names = useNames();
  const doctors = [...new Set(columns.map((column) => column.practitioner))];
  return (
    <div className="diary-frame" role="region" aria-label={label} tabIndex={0}>
      <table className="diary diary-week">
        <caption className="visually-hidden">{label}</caption>
        <thead>
          <tr>
            <th scope="col">{t('column.doctor')}</th>
            {dates.map((date) => <th key={date} scope="col"><a href={href(dayAddress(date))}>{weekday(date, t.language)} <span className="nowrap">{showDate(date, t.months)}</span></a></th>)}
          </tr>
        </thead>
        <tbody>
          {doctors.map((doctor) => (
            <tr key={doctor}>
              <th scope="row">{names.staff(doctor)}</th>
              {dates.map((date) => <Day key={date} column={columns.find((one) => one.practitioner === doctor && one.date === date)} />)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Day({ column }: { column: Column | undefined }) {
  const t = useWords();
  const { zone } = useReference();
  if (!column) return <td className="place place-closed" />;
  const whole = ['leave', 'closed'].find((is) => column.sheet?.places.every((place) => place.is === is)) as 'leave' | 'closed' | undefined;
  return (
    <td className={`place place-${whole ?? 'day'}`}>
      <Load column={column} />
      {whole && <span className="place-word">{t(`place.${whole}`)}</span>}
      <ul>
        {column.visits.map((visit) => {
          const { status } = asAppointment(visit.appointment.body);
          const Sign = statusSigns[status];
          return (
            <li key={visit.appointment.id} className="week-visit" data-status={status}>
              <span className="number">{timeOf(visit, zone)}</span> <Sign size={13} aria-hidden /> <bdi className="visit-name">{whoOf(visit, t('diary.unknown'))}</bdi>
              <span className={status === 'booked' ? 'visually-hidden' : 'visit-word'}>{t.of('AppointmentStatus', status)}</span>
            </li>
          );
        })}
      </ul>
    </td>
  );
}

/** How much of a day is given away: when all of it is, that is said. */
export function Load({ column }: { column: Column }) {
  const t = useWords();
  const { sheet } = column;
  if (!sheet) return <span className="place-load">{t('diary.noHours')}</span>;
  if (sheet.counted >= sheet.most) return <span className="place-load is-full">■ {t('diary.full', { most: sheet.most })}</span>;
  if (sheet.counted === 0 && freeOf(column) === 0) return null;
  return <span className="place-load">{t('diary.load', { counted: sheet.counted, most: sheet.most, free: freeOf(column) })}</span>;
}
