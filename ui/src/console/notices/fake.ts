import type { Outcome } from '../../backend';
import { people } from '../../backend/fake-people';
import type { NoticeLine, NoticePage, NoticeSaid, NoticeState } from '../../backend/types.gen';
import type { NoticesBackend } from './backend';

const id = (n: number) => `01990000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const at = (hour: number) => new Date(Date.UTC(2027, 2, 1, hour)).toISOString().replace('.000Z', 'Z');

/** Notices of the made-up hospital: two that can be told by phone, two that nobody can, one told and one overtaken. */
export class FakeNotices implements NoticesBackend {
  lines: NoticeLine[] = [
    line(1, { kind: 'needs_rebooking', phones: ['07700 900123', '020 7946 0101'] }),
    line(2, { kind: 'reminder', phones: ['020 7946 0102'], tries: 2, triedAt: at(9), name: 'Okonkwo, Amara', patient: id(51) }),
    line(3, { kind: 'scheduled', name: 'Nakamura, Yuki', patient: id(52), barrier: { code: 'notice.no_phone', field: 'patient', with: {} } }),
    line(4, { kind: 'cancelled', name: 'Zimmermann, Jan', patient: id(53), barrier: { code: 'notice.deceased', field: 'patient', with: {} } }),
    line(5, { kind: 'rescheduled', state: 'told', toldAt: at(8), toldBy: people.jonas }),
    line(6, { kind: 'scheduled', state: 'over' }),
  ];

  async list(state: NoticeState, patient: string | null): Promise<NoticePage> {
    return { lines: this.lines.filter((one) => one.state === state && (!patient || one.patient === patient)), next: null };
  }

  async say({ appointment, nth, telling }: NoticeSaid): Promise<Outcome<null>> {
    const found = this.lines.find((one) => one.appointment === appointment && one.nth === nth);
    if (found?.state !== 'waiting') return { ok: false, problems: [{ code: 'notice.over', field: 'appointment', with: {} }] };
    const more: Partial<NoticeLine> = telling === 'told' ? { state: 'told', toldAt: at(10), toldBy: people.mona } : { tries: found.tries + 1, triedAt: at(10) };
    this.lines = this.lines.map((one) => (one === found ? { ...one, ...more } : one));
    return { ok: true, value: null };
  }
}

function line(n: number, more: Partial<NoticeLine>): NoticeLine {
  return { appointment: id(n), nth: 1, kind: 'scheduled', state: 'waiting', patient: id(50), name: 'García López, María', phones: [], barrier: null, start: at(10 + n), at: at(7), tries: 0, triedAt: null, toldAt: null, toldBy: null, ...more };
}
