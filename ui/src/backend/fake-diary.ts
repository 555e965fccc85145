import { addDays } from '../parts/dates';
import { asAppointment } from '../parts/records';
import { instantOf, wallOf } from '../parts/zone';
import { reference } from './fake-people';
import { member } from './fake-rules';
import type { Appointment, Diary, DiaryAsk, Kind, Place, PlaceAt, Problem, Row, Schedule, Sheet, Visit } from './types.gen';

/** The made-up hospital's diary, as the desk lays it out. Tests only: the window itself holds no rule. */

const { zone } = reference;
const leadMs = 2 * 3_600_000;
const most = 8;
const two = (n: number) => String(n).padStart(2, '0');
const times = Array.from({ length: 18 }, (_, n) => `${two(9 + Math.floor(n / 2))}:${n % 2 ? '30' : '00'}`);
const wants = ['proposed', 'pending', 'booked', 'arrived', 'checked-in', 'fulfilled', 'noshow'];

type Find = (id: string) => Row | null;
type Taken = { doctor: string | null; date: string; time: string };

export function dayOf(rows: readonly Row[], find: Find, ward: string, date: string): Visit[] {
  return visitsOf(rows.filter((row) => member(row, 'ward') === ward && wallOf(member(row, 'start'), zone).date === date), find);
}

function visitsOf(rows: readonly Row[], find: Find): Visit[] {
  return [...rows].sort((a, b) => member(a, 'start').localeCompare(member(b, 'start'))).map((appointment) => ({ appointment, patient: find(member(appointment, 'patient')) }));
}

export function diaryOf(ask: DiaryAsk, rows: readonly Row[], find: Find, now: number): Diary {
  const dates = Array.from({ length: ask.days }, (_, n) => addDays(ask.from, n));
  const shown = reference.schedules.filter(({ practitioner, departments }) => practitioner === ask.practitioner || departments.includes(ask.department ?? ''));
  const inDays = rows.filter((row) => dates.includes(wallOf(member(row, 'start'), zone).date));
  const isAsked = ({ practitioner, department }: Appointment) => practitioner === ask.practitioner || department === ask.department
    || shown.some((one) => one.practitioner === practitioner);
  const taken = inDays.map((row) => asAppointment(row.body)).filter(({ status }) => wants.includes(status))
    .map(({ practitioner, start }) => ({ doctor: practitioner, ...wallOf(start ?? '', zone) }));
  return {
    visits: visitsOf(inDays.filter((row) => isAsked(asAppointment(row.body))), find),
    sheets: shown.flatMap((schedule) => dates.map((date) => sheetOf(schedule, date, taken.filter((one) => one.doctor === schedule.practitioner && one.date === date), now))),
  };
}

function sheetOf(schedule: Schedule, date: string, taken: readonly Taken[], now: number): Sheet {
  const place = (time: string): PlaceAt => {
    const start = instantOf(date, time, zone) ?? '';
    const is = closed(schedule, date, time) ?? (taken.some((one) => one.time === time) ? 'taken'
      : Date.parse(start) - now < leadMs ? 'soon' : taken.length >= most ? 'full' : 'free');
    return { start, time, is, why: null };
  };
  return { practitioner: schedule.practitioner, date, counted: taken.length, most, places: times.map(place) };
}

function closed({ hours, breaks, leave }: Schedule, date: string, time: string): Place | null {
  if (leave.some(([first, last]) => first <= date && date <= last)) return 'leave';
  const weekday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
  const isIn = ({ from, to }: { from: string; to: string }) => from <= `${time}:00` && `${time}:00` < to;
  if (!hours[weekday]!.some(isIn)) return 'closed';
  return breaks.some(isIn) ? 'break' : null;
}

/** What the desk notes when somebody comes: the moment, a number and, for who had no time, the slot that is running. */
export function withArrival(kind: Kind, draft: object, before: unknown, rows: readonly Row[], now: number): object | Problem[] {
  const asked = draft as Partial<Appointment>;
  if (kind !== 'appointment' || !asked.status) return draft;
  const was = asAppointment(before);
  if (asked.status !== 'arrived' && asked.status !== 'checked-in') {
    return was.arrived && !['fulfilled', 'cancelled'].includes(asked.status) ? { ...draft, arrived: null, queue: null } : draft;
  }
  if (was.arrived) return draft;
  const visit = { ...was, ...asked } as Appointment;
  const missing = (['department', 'practitioner'] as const).filter((field) => !visit[field]);
  if (!visit.start && missing.length > 0) return missing.map((field) => ({ code: 'required', field, with: {} }));
  const start = visit.start ?? running(visit.practitioner, now);
  if (!start) return [{ code: 'practitioner.hours', field: 'start', with: { hours: '09:00–17:00' } }];
  const { date } = wallOf(start, zone);
  const queue = rows.map((row) => asAppointment(row.body))
    .filter((other) => other.department === visit.department && wallOf(other.start ?? '', zone).date === date)
    .reduce((last, other) => Math.max(last, other.queue ?? 0), 0) + 1;
  return { ...draft, ...(visit.start ? {} : { start, minutes: 30 }), arrived: new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'), queue };
}

function running(doctor: string | null, now: number): string | null {
  const schedule = reference.schedules.find((one) => one.practitioner === doctor);
  const { date } = wallOf(now, zone);
  const time = times.find((one) => Date.parse(instantOf(date, one, zone) ?? '') + 1_800_000 > now && schedule && closed(schedule, date, one) === null);
  return time ? instantOf(date, time, zone) : null;
}
