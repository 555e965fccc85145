import type { Diary, PlaceAt, Sheet, Visit } from '../backend/types.gen';
import { addDays } from '../parts/dates';
import { asAppointment } from '../parts/records';
import { wallOf } from '../parts/zone';

/** How a diary is laid out: a column for each doctor of a day, or for each day of a doctor. */
export interface Column { practitioner: string; date: string; sheet: Sheet | null; visits: readonly Visit[] }

/** Visits that say nothing about a doctor's time any more are not in the diary. */
const gone = ['cancelled', 'entered-in-error'];

export function mondayOf(date: string): string {
  const weekday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
  return addDays(date, -weekday);
}

export function timeOf(visit: Visit, zone: string): string {
  return wallOf(asAppointment(visit.appointment.body).start ?? '', zone).time;
}

/** Every doctor and day that has working hours, or a visit all the same. */
export function columnsOf({ sheets, visits }: Diary, zone: string): Column[] {
  const columns: Column[] = sheets.map((sheet) => ({ practitioner: sheet.practitioner, date: sheet.date, sheet, visits: [] }));
  for (const visit of visits) {
    const { practitioner, start, status } = asAppointment(visit.appointment.body);
    const { date } = wallOf(start ?? '', zone);
    if (!practitioner || !date || gone.includes(status)) continue;
    const column = columns.find((one) => one.practitioner === practitioner && one.date === date);
    if (column) column.visits = [...column.visits, visit];
    else columns.push({ practitioner, date, sheet: null, visits: [visit] });
  }
  return columns;
}

/** Nobody is there: no hours and no visit. Such days at the end of a week only take room. */
export function isShut({ sheet, visits }: Column): boolean {
  return visits.length === 0 && (sheet?.places ?? []).every((place) => place.is === 'closed');
}

/** The times of all columns, earliest first: those of the slots, and those of visits that keep to none. */
export function timesOf(columns: readonly Column[], zone: string): string[] {
  const slots = columns.flatMap(({ sheet }) => sheet?.places.map((place) => place.time) ?? []);
  const visits = columns.flatMap((column) => column.visits.map((visit) => timeOf(visit, zone)));
  return [...new Set([...slots, ...visits])].sort();
}

export function placeAt(column: Column, time: string): PlaceAt | null {
  return column.sheet?.places.find((place) => place.time === time) ?? null;
}

export function freeOf({ sheet }: Column): number {
  return sheet?.places.filter((place) => place.is === 'free').length ?? 0;
}
