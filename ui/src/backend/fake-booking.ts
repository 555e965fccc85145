import { addDays } from '../parts/dates';
import { asAppointment } from '../parts/records';
import { instantOf, wallOf } from '../parts/zone';
import { reference } from './fake-people';
import type { Appointment, FreeAsk, FreeSlot, Problem, Promise as Given, Row } from './types.gen';

/** Doctors' time in the made-up hospital: every half hour from nine to six but at weekends, from tomorrow on, whatever the hour is now. */

const times = Array.from({ length: 18 }, (_, n) => `${String(9 + Math.floor(n / 2)).padStart(2, '0')}:${n % 2 ? '30' : '00'}`);
/** The last hour of a day is lent to this desk. */
const ownFrom = '17:00';
const wants = ({ status }: Appointment) => !['waitlist', 'cancelled', 'entered-in-error'].includes(status);
const asks = ({ status }: Appointment) => status === 'booked' || status === 'pending' || status === 'proposed';
const isWeekend = (day: string) => [0, 6].includes(new Date(`${day}T12:00:00Z`).getUTCDay());
const slotOf = ({ practitioner, start }: Appointment) => `${practitioner} ${start}`;

export class FakeBooking {
  /** Slots the hub gave to somebody else while this desk was away: `doctor start`. */
  readonly takenSlots = new Set<string>();
  /** Slots of a leave that this desk has not heard of. */
  readonly leaveSlots = new Set<string>();

  constructor(private readonly rows: () => Row[], private readonly today: () => string) {}

  private visits(apart: string | null): Appointment[] {
    return this.rows().filter((row) => row.id !== apart).map((row) => asAppointment(row.body)).filter(wants);
  }

  private promise(start: string, isGiven: boolean): Given {
    return !isGiven && wallOf(start, reference.zone).time >= ownFrom ? 'confirmed' : 'toBeConfirmed';
  }

  async free(ask: FreeAsk): Promise<FreeSlot[]> {
    const visits = this.visits(ask.moved);
    const given = new Set(visits.map(slotOf));
    const busy = new Set(visits.filter((visit) => visit.patient === ask.patient).map((visit) => visit.start));
    const doctors = reference.staff.filter((one) => one.roles.includes('doctor') && (ask.practitioner ?? one.id) === one.id && (!ask.department || one.departments.includes(ask.department)));
    const found: FreeSlot[] = [];
    let day = [ask.notBefore ?? '', addDays(this.today(), 1)].sort().at(-1)!;
    for (let n = 0; n < 90 && found.length < ask.limit && day <= (ask.notAfter ?? '9'); n += 1, day = addDays(day, 1)) {
      if (isWeekend(day)) continue;
      for (const time of times) {
        const start = instantOf(day, time, reference.zone)!;
        const free = doctors.filter((one) => !given.has(`${one.id} ${start}`) && !busy.has(start));
        found.push(...free.map((one) => ({ practitioner: one.id, start, promise: this.promise(start, false) })));
      }
    }
    return found.slice(0, ask.limit);
  }

  /** Who lost a slot, by the time they had. */
  lost(): Row[] {
    const start = (row: Row) => asAppointment(row.body).start ?? '';
    return this.rows().filter((row) => asAppointment(row.body).status === 'waitlist').sort((a, b) => start(a).localeCompare(start(b)));
  }

  /** Visits that are over and not closed, by their time. */
  unresolved(ward: string, now: number): Row[] {
    const isOpen = ({ ward: of, start, status }: Appointment) => {
      if (of !== ward || !start) return false;
      if (status === 'arrived' || status === 'checked-in') return wallOf(start, reference.zone).date < this.today();
      return asks({ status } as Appointment) && Date.parse(start) + 1_800_000 <= now;
    };
    const start = (row: Row) => asAppointment(row.body).start ?? '';
    return this.rows().filter((row) => isOpen(asAppointment(row.body))).sort((a, b) => start(a).localeCompare(start(b)));
  }

  private isAnew(after: Appointment, before: Appointment | null): boolean {
    return asks(after) && !(before && wants(before) && slotOf(before) === slotOf(after));
  }

  problems(draft: unknown, id: string | null): Problem[] {
    const after = asAppointment(draft);
    const row = this.rows().find((one) => one.id === id);
    if (!this.isAnew(after, row ? asAppointment(row.body) : null)) return [];
    const others = this.visits(id);
    if (others.some((other) => slotOf(other) === slotOf(after))) return [{ code: 'slot.taken', field: 'start', with: { start: after.start ?? '' } }];
    const isBusy = others.some((other) => other.patient === after.patient && other.start === after.start);
    return isBusy ? [{ code: 'patient.taken', field: 'start', with: { start: after.start ?? '' } }] : [];
  }

  /** What is asked to be saved, with what may be promised of it. */
  promised(draft: object, before: unknown): object {
    const was = before ? asAppointment(before) : null;
    const after = asAppointment({ ...(before as object), ...draft });
    if (!this.isAnew(after, was)) return draft;
    const isOwn = this.promise(after.start ?? '', this.visits(null).some((other) => slotOf(other) === slotOf(after))) === 'confirmed';
    return { ...draft, status: isOwn ? 'booked' : 'pending' };
  }

  /** What the hub says of an appointment: why it holds it, or what it decides about its slot. */
  heard(row: Row | null): { found: Problem[]; decided: object | null } {
    return row ? { found: this.verdict(row), decided: this.decided(row) } : { found: [], decided: null };
  }

  private verdict(row: Row): Problem[] {
    const isLeave = this.leaveSlots.has(slotOf(asAppointment(row.body)));
    return isLeave ? [{ code: 'practitioner.leave', field: 'start', with: { until: '2027-03-05' } }] : [];
  }

  private decided(row: Row): object | null {
    const { status, practitioner, start, department } = asAppointment(row.body);
    if (status !== 'pending' && status !== 'booked') return null;
    if (!this.takenSlots.has(`${practitioner} ${start}`)) return status === 'pending' ? { status: 'booked' } : null;
    const day = wallOf(start ?? '', reference.zone).date;
    const offers = [1, 2, 3].map((nth) => ({ id: String(nth), practitioner, start: instantOf(day, times[nth * 2 + 1]!, reference.zone) }));
    return { status: 'waitlist', lost: 'slot.taken', offer: offers, department };
  }
}
