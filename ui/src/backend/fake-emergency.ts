import { mayDo } from '../parts/access';
import { newId } from '../parts/ids';
import { asPatient, emptyLine } from '../parts/records';
import { patientId, people, reference, wardB } from './fake-people';
import { mrn, searchTerms, searchText } from './fake-rules';
import type { EmergencyBackend, Outcome } from './index';
import type { Emergency, OpeningLine, Review, Staff, Summary } from './types.gen';

const hour = 3_600_000;
const reasonMin = 10;

interface Moment { staff: Staff | null; now: number; isOnline: boolean }
interface Opened { line: OpeningLine; notes: number; untilMs: number }

/** In-patients of another ward, and who opened the emergency access to them. */
export class FakeEmergency implements EmergencyBackend {
  private opened: Opened | null = null;
  private lines: OpeningLine[] = [];
  private readonly moment: () => Moment;

  constructor(moment: () => Moment) {
    this.moment = moment;
  }

  async breakGlass(password: string, reason: string): Promise<Outcome<Emergency>> {
    const { staff, now } = this.moment();
    if (!staff || !mayDo(staff.roles, 'emergency')) return refused('not_allowed', 'emergency');
    if (reason.trim().length < reasonMin) return refused('emergency.reason_short', 'reason', { min: String(reasonMin) });
    if (password !== 'ward') return refused('sign_in.wrong', 'password');
    const line = openingOf(staff, reason.trim(), now, now + hour);
    this.lines.push(line);
    this.opened = { line, notes: 0, untilMs: now + hour };
    return { ok: true, value: this.shown(this.opened) };
  }

  async emergency(): Promise<Emergency | null> {
    const opened = this.current();
    return opened && this.shown(opened);
  }

  async emergencySearch(text: string): Promise<Outcome<Summary[]>> {
    if (!this.current()) return refused('emergency.closed', '');
    const terms = searchTerms(text);
    const found = strangers.filter(({ patient }) => terms.length > 0 && terms.every((term) => searchText(patient).includes(term)));
    return { ok: true, value: found };
  }

  async emergencySummary(patient: string): Promise<Outcome<Summary | null>> {
    const opened = this.current();
    if (!opened) return refused('emergency.closed', '');
    const found = strangers.find(({ id }) => id === patient) ?? null;
    const name = found?.patient.name[0];
    if (found && !opened.line.looked.some((one) => one.patient === patient)) {
      opened.line.looked.push({ patient, name: `${name?.family}, ${name?.given}`, at: stamp(this.moment().now) });
    }
    return { ok: true, value: found };
  }

  async emergencyNote(patient: string | null, text: string): Promise<Outcome<Emergency>> {
    const opened = this.current();
    if (!opened) return refused('emergency.closed', '');
    if (!text.trim()) return refused('required', 'note');
    opened.notes += 1;
    opened.line.notes.push({ patient, text: text.trim(), at: stamp(this.moment().now) });
    return { ok: true, value: this.shown(opened) };
  }

  async endEmergency(): Promise<void> {
    if (this.opened) this.opened.line.until = stamp(this.moment().now);
    this.opened = null;
  }

  async reviewEmergency(password: string, review: Review | null): Promise<Outcome<OpeningLine[]>> {
    const { staff, now, isOnline } = this.moment();
    if (!staff || !mayDo(staff.roles, 'emergency_review')) return refused('not_allowed', 'emergency_review');
    if (!isOnline) return refused('hub.unreachable', '');
    if (password !== 'ward') return refused('sign_in.wrong', 'password');
    const line = this.lines.find((one) => one.id === review?.opening);
    if (review && line) {
      if (line.staff === staff.id) return refused('emergency.own', '');
      if (review.finding === 'questioned' && !review.words.trim()) return refused('required', 'words');
      line.reviews.push({ by: staff.name, at: stamp(now), finding: review.finding, words: review.words });
      line.state = 'reviewed';
    }
    const open = this.current()?.line.id;
    this.lines.forEach((one) => { if (one.state === 'open' && one.id !== open) one.state = 'toReview'; });
    return { ok: true, value: structuredClone(this.lines.filter((one) => one.state !== 'reviewed')) };
  }

  private current(): Opened | null {
    const { now } = this.moment();
    if (this.opened && now >= this.opened.untilMs) this.opened = null;
    return this.opened;
  }

  private shown({ line, notes, untilMs }: Opened): Emergency {
    return { id: line.id, reason: line.reason, from: line.from, until: stamp(untilMs), people: strangers.length, asOf: line.from, notes };
  }

  // --- what only tests do

  /** Somebody opened it some hours ago, at another desk. */
  openedBefore(hours: number, staff: string = people.lin): void {
    const from = this.moment().now - hours * hour;
    const person = reference.staff.find((one) => one.id === staff)!;
    const line = openingOf(person, 'Found on the stairs, could not speak', from, from + hour);
    this.lines.push({
      ...line, state: hours >= 72 ? 'overdue' : 'toReview', lately: 4,
      looked: [{ patient: strangers[0]!.id, name: 'Zimmer, Otto', at: line.from }],
      notes: [{ patient: strangers[0]!.id, text: 'Oxygen given, ward called back.', at: line.from }],
    });
  }
}

function openingOf(staff: Staff, reason: string, from: number, until: number): OpeningLine {
  return {
    id: newId(from), device: '01960000-0000-7000-8000-000000000002', version: 1, desk: 'Desk 2', ward: 'Amber ward', staff: staff.id, who: staff.name, reason,
    from: stamp(from), until: stamp(until), due: stamp(from + 72 * hour), state: 'open', looked: [], notes: [], flaws: [], lately: 1, reviews: [],
  };
}

function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function stranger(n: number, family: string, given: string, more: object, medicine: string): Summary {
  const patient = asPatient({
    name: [{ id: '1', use: 'official', family, given }], mrn: mrn(9000 + n), birthDate: `19${50 + n}-0${n}-1${n}`, gender: 'male', ward: wardB, bed: `B-0${n}`, ...more,
  });
  return { id: patientId(9000 + n), patient, medicines: [{ line: { ...emptyLine, id: '2', medicine, dose: '5' }, standing: n === 2 ? 'changedSinceSigned' : 'signed' }] };
}

const strangers: Summary[] = [
  stranger(1, 'Zimmer', 'Otto', {
    bloodGroup: 'A-', allergy: [{ id: '3', substance: 'Penicillin', reaction: 'Anaphylaxis', criticality: 'high', verification: 'confirmed' }],
    alert: [{ id: '4', text: 'Do not move the neck' }],
  }, 'Warfarin'),
  stranger(2, 'Zárate', 'Inés', { gender: 'female', noKnownAllergies: true }, 'Metformin'),
];

function refused(code: string, field: string, blanks: Record<string, string> = {}): { ok: false; problems: { code: string; field: string; with: Record<string, string> }[] } {
  return { ok: false, problems: [{ code, field, with: blanks }] };
}
