import type { Outcome } from '../backend';
import { people, reference as ward, wardA, wardB } from '../backend/fake-people';
import type {
  Choice, ConflictDone, ConflictLine, ConflictPage, ConflictWhole, ConsoleDoor, ConsoleNews, ConsolePerson, DeviceLine, DevicePage, EventAgain, EventPage, HealthReport, HeldDecided, HeldPage, HeldWhole, HoursChanged, LogLine, LogPage, LookProgress, MergeDone, OpeningLine, Order, Pair,
  Problem, Reference, Review, Role, Schedule, StaffPage,
} from '../backend/types.gen';
import { Refused, type About, type ConsoleBackend, type Narrow } from './backend';
import { FakeAdmin } from './admin/fake';
import type { MoneyBackend } from './money/backend';
import { FakeMoney } from './money/fake';
import type { NoticesBackend } from './notices/backend';
import { FakeNotices } from './notices/fake';
import type { OverviewBackend } from './overview/backend';
import { FakeOverview } from './overview/fake';
import { emptyPatient } from '../parts/records';
import { events, findings } from './fake-health';

const ok = <T>(value: T): Outcome<T> => ({ ok: true, value });
const no = (code: string, field = ''): Outcome<never> => ({ ok: false, problems: [problem(code, field)] });
const problem = (code: string, field = '', filled: Record<string, string> = {}): Problem => ({ code, field, with: filled });
const at = (minute: number) => new Date(Date.UTC(2027, 2, 1, 9, minute)).toISOString().replace('.000Z', 'Z');
const id = (n: number) => `01960000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const secret = ['manager', 'admin', 'auditor'];
const week = [1, 1, 1, 1, 1, 0, 0].map((works) => (works ? [{ from: '09:00:00', to: '18:00:00' }] : []));

/** The central console of the made-up hospital: password `ward`, code `123456`. Tests change what it has and break it. */
export class FakeConsole implements ConsoleBackend {
  readonly listeners = new Set<(news: ConsoleNews | null) => void>();
  signedIn: string | null;
  isDown = false;
  hasDirectory = false;
  isTampered = false;
  held_: HeldWhole[] = Array.from({ length: 3 }, (_, n) => heldOne(n));
  items_: ConflictWhole[] = [0, 1, 2].map((n) => item(n));
  isMerged = false;
  devices_: DeviceLine[] = devices();
  openings_: OpeningLine[] = [opening()];
  findings_ = findings();
  events_ = events();
  readonly money: MoneyBackend = new FakeMoney(people.mona);
  readonly notices: NoticesBackend = new FakeNotices();
  readonly overview: OverviewBackend = new FakeOverview();
  reference_: Reference = {
    ...ward, staff: [...ward.staff, { id: people.mona.replace('08', '11'), username: 'wei', name: 'Wei Zhang', roles: ['admin'], departments: [], isActive: true },
      { id: people.mona.replace('08', '10'), username: 'bela', name: 'Béla Kovács', roles: ['billing'], departments: [], isActive: true }],
    schedules: [people.musa, people.lin, people.rossi].map((practitioner) => ({ practitioner, departments: [], hours: week, breaks: [{ from: '12:00:00', to: '13:00:00' }], leave: [] })),
  };

  /** Who has not used a password for once yet, and who has no second factor. */
  onceUntil: Record<string, string> = {};
  hasFactor: Record<string, boolean> = {};
  setsUp = false;
  readonly admin: FakeAdmin;

  constructor(signedIn: string | null = null) {
    this.signedIn = signedIn;
    this.admin = new FakeAdmin(this);
  }

  own() {
    return this.reference_.staff.find((one) => one.username === this.signedIn) ?? null;
  }

  setUp(): void {
    const own = this.own();
    if (own) this.hasFactor[own.id] = true;
    this.setsUp = false;
  }

  async door(): Promise<ConsoleDoor> {
    return this.answer({ hospital: ward.hospital, hasDirectory: this.hasDirectory });
  }

  async me(): Promise<ConsolePerson | null> {
    return this.answer(this.person());
  }

  async signIn(username: string, password: string, code: string | null, newPassword: string | null = null): Promise<Outcome<ConsolePerson>> {
    const found = this.reference_.staff.find((one) => one.username === username.trim().toLowerCase() && one.isActive);
    const isOnce = found !== undefined && found.id in this.onceUntil && password === 'ONCE-ONLY-ABCD-EFGH';
    if (!found || (password !== 'ward' && !isOnce)) return no('sign_in.wrong', 'password');
    if (isOnce && newPassword === null) return no('sign_in.choose_password', 'newPassword');
    if (isOnce && newPassword!.length < 15) return { ok: false, problems: [problem('password.short', 'newPassword', { min: '15' })] };
    if (isOnce) delete this.onceUntil[found.id];
    this.setsUp = isOnce && this.hasFactor[found.id] === false;
    if (!found.roles.some((role) => ['pharmacist', 'billing', ...secret].includes(role))) return no('sign_in.not_central');
    if (!this.setsUp && found.roles.some((role) => secret.includes(role))) {
      if (!code) return no('sign_in.code_needed', 'code');
      if (code !== '123456') return no('sign_in.code_wrong', 'code');
    }
    this.signedIn = found.username;
    return ok(this.person()!);
  }

  async signOut(): Promise<void> {
    this.signedIn = null;
  }

  async reference(): Promise<Reference> {
    return this.answer(this.reference_);
  }

  async held(isAll: boolean, after: string | null): Promise<HeldPage> {
    const waiting = this.held_.filter(({ line }) => line.state === 'waiting');
    const lines = (isAll ? this.held_ : waiting).map(({ line }) => line);
    const from = after ? Number(after) : 0;
    return this.answer({ lines: lines.slice(from, from + 50), next: lines.length > from + 50 ? String(from + 50) : null, waiting: waiting.length });
  }

  async heldOne(hash: string): Promise<HeldWhole> {
    const found = this.held_.find(({ line }) => line.hash === hash);
    if (!found) throw new Refused(404, [problem('held.gone', 'hash')]);
    return this.answer(found);
  }

  async decideHeld(hash: string, refusal: string | null): Promise<Outcome<HeldDecided>> {
    const found = this.held_.find(({ line }) => line.hash === hash);
    if (!found || found.line.state !== 'waiting') return no('held.decided', 'hash');
    if (refusal !== null && refusal.trim() === '') return no('required', 'reason');
    if (refusal === null && found.line.isFinal) return ok({ problems: found.line.problems });
    const line = { ...found.line, state: refusal === null ? 'released' as const : 'refused' as const };
    this.held_ = this.held_.map((one) => (one === found ? { ...one, line, reason: refusal } : one));
    this.tell('held');
    return ok({ problems: [] });
  }

  async conflicts(narrow: Narrow): Promise<ConflictPage> {
    const fits = (line: ConflictLine) => (narrow.state === 'settled') === (line.settledAt !== null) && (!narrow.kind || narrow.kind === line.kind)
      && (!narrow.ward || narrow.ward === line.ward) && (!narrow.owner || narrow.owner === line.owner);
    const lines = this.items_.map(({ line }) => line).filter(fits);
    return this.answer({ lines, next: null, waiting: lines.length });
  }

  async conflictOne(hash: string): Promise<ConflictWhole> {
    const found = this.items_.find(({ line }) => line.id === hash);
    if (!found) throw new Refused(404, [problem('conflict.gone', 'hash')]);
    return this.answer(found);
  }

  async settleConflicts(ids: string[], choice: Choice): Promise<Outcome<ConflictDone>> {
    return this.items(ids, { settledAt: at(50), settledBy: this.person()?.staff ?? null, action: choice.action, canUndo: true });
  }

  async undoConflicts(ids: string[]): Promise<Outcome<ConflictDone>> {
    return this.items(ids, { settledAt: null, settledBy: null, action: null, canUndo: false });
  }

  async ownConflicts(ids: string[], isMine: boolean): Promise<Outcome<ConflictDone>> {
    return this.items(ids, { owner: isMine ? this.person()?.staff ?? null : null });
  }

  async pair(one: string, other: string): Promise<Pair> {
    const link = this.isMerged ? [{ id: '1', other: one, type: 'replaced-by' as const, ended: null }] : [];
    const person = (given: string, mrn: string) => ({ ...emptyPatient, mrn, name: [{ id: '1', use: 'official' as const, script: null, family: 'Okonkwo', given, prefix: null, ended: null }], birthDate: '1984-03-05' });
    return this.answer({ one, other, oneBody: person('Amara', '100-001'), otherBody: { ...person('Amarah', '100-002'), link }, oneHas: 3, otherHas: 1 });
  }

  async mergePatients(): Promise<Outcome<MergeDone>> {
    this.isMerged = true;
    this.items([itemId(2)], { settledAt: at(51), action: 'merged' });
    return ok({ moved: 1 });
  }

  async partPatients(): Promise<Outcome<MergeDone>> {
    this.isMerged = false;
    this.items([itemId(2)], { action: 'parted' });
    return ok({ moved: 1 });
  }

  async devices(ward: string | null): Promise<DevicePage> {
    return this.answer({ lines: this.devices_.filter((line) => !ward || (line.ward === ward && line.standing === 'active')), next: null });
  }

  async approveDevice(device: string): Promise<Outcome<null>> {
    const found = this.devices_.find((one) => one.id === device);
    if (found?.standing === 'active') return ok(null);
    if (found?.invitedBy === this.person()?.staff) return no('device.same_person', 'by');
    return this.change(device, 'active');
  }

  async orderDevice(device: string, order: Order, name: string): Promise<Outcome<null>> {
    const found = this.devices_.find((one) => one.id === device);
    if (!found) return no('device.unknown');
    if (order.startsWith('wipe') && found.name !== name.trim()) return { ok: false, problems: [problem('device.name_differs', 'name', { name: found.name })] };
    return this.change(device, ({ active: 'active', suspend: 'suspended', wipe_after_upload: 'wipe_after_upload', wipe_now: 'wipe_now' } as const)[order]);
  }

  async staff(): Promise<StaffPage> {
    const lines = this.reference_.staff.map((staff) => ({
      staff, canSignIn: true, needsSecondFactor: staff.roles.some((role) => secret.includes(role)), onceUntil: this.onceUntil[staff.id] ?? null,
      hasSecondFactor: this.hasFactor[staff.id] ?? (staff.username !== 'vera' && staff.roles.some((role) => secret.includes(role))),
    }));
    return this.answer({ lines, next: null, offlineHours: 72 });
  }

  async setActive(username: string, isActive: boolean): Promise<Outcome<null>> {
    if (username === this.signedIn) return no('staff.own', 'username');
    this.reference_ = { ...this.reference_, staff: this.reference_.staff.map((one) => (one.username === username ? { ...one, isActive } : one)) };
    this.tell('reference');
    return ok(null);
  }

  async setHours(base: Schedule, draft: Schedule): Promise<Outcome<HoursChanged>> {
    const wrong = draft.hours.flatMap((spans, day) => spans.flatMap(({ from, to }, place) => (from >= to ? [problem('hours.order', `hours/${day}/${place}`)] : [])));
    if (wrong.length > 0) return { ok: false, problems: wrong };
    const now = this.reference_.schedules.find((one) => one.practitioner === draft.practitioner);
    if (JSON.stringify(now) !== JSON.stringify(base)) return no('hours.changed');
    this.reference_ = { ...this.reference_, schedules: this.reference_.schedules.map((one) => (one === now ? draft : one)) };
    return ok({ outside: draft.leave.length > 0 ? [at(0), at(30)] : [] });
  }

  async log(about: About, before: string | null): Promise<LogPage> {
    const last = before ? Number(before) : 120;
    const lines = Array.from({ length: 50 }, (_, n) => logLine(last - n - 1, this.isTampered)).filter((line) => line.leaf >= 0 && (typeof about === 'string' || !('staff' in about) || line.staff === about.staff));
    return this.answer({ lines: about === 'alarms' ? [] : lines, next: last > 50 && about !== 'alarms' ? String(last - 50) : null });
  }

  async look(): Promise<Outcome<LookProgress>> {
    const head = { size: 120, root: '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328', at_ms: Date.parse(at(0)), signature: '00' };
    const first_bad_leaf = this.isTampered ? { place: '117', why: 'not what its hash says' } : null;
    return ok({ run: id(1), done: 120, all: 120, found: { leaves: 120, heads: 3, head, chains: 2, alarms: 0, first_bad_leaf, bad_chains: [] } });
  }

  async openings(): Promise<OpeningLine[]> {
    return this.answer(this.openings_);
  }

  async review(review: Review): Promise<Outcome<null>> {
    if (review.finding === 'questioned' && review.words.trim() === '') return no('required', 'words');
    this.openings_ = this.openings_.filter((one) => one.id !== review.opening);
    return ok(null);
  }

  async health(): Promise<HealthReport> {
    return this.answer({ at: at(59), program: '0.1.0', findings: this.findings_ });
  }

  async supportFile(): Promise<Outcome<Blob>> {
    return this.isDown ? no('console.unreachable') : ok(new Blob(['made up']));
  }

  async events(): Promise<EventPage> {
    const setAside = this.events_.filter((one) => one.setAside).length;
    return this.answer({ lines: this.events_, setAside, waiting: this.events_.length - setAside });
  }

  async eventAgain({ consumer, id: event }: EventAgain): Promise<Outcome<null>> {
    const found = this.events_.find((one) => one.consumer === consumer && one.id === event);
    if (!found) return no('event.gone', 'id');
    this.events_ = this.events_.filter((one) => one !== found);
    return ok(null);
  }

  onNews(listener: (news: ConsoleNews | null) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(news: ConsoleNews | null): void {
    this.listeners.forEach((listener) => listener(news));
  }

  private items(ids: string[], more: Partial<ConflictLine>): Outcome<ConflictDone> {
    this.items_ = this.items_.map((one) => (ids.includes(one.line.id) ? { ...one, line: { ...one.line, ...more } } : one));
    this.tell('conflicts');
    return ok({ done: ids.length, left: [] });
  }

  private person(): ConsolePerson | null {
    const found = this.reference_.staff.find((one) => one.username === this.signedIn && one.isActive);
    return found ? { staff: found.id, username: found.username, name: found.name, roles: found.roles as Role[], hasSecondFactor: !this.setsUp && found.roles.some((role) => secret.includes(role)), setsUpFactor: this.setsUp } : null;
  }

  private change(device: string, standing: DeviceLine['standing']): Outcome<null> {
    this.devices_ = this.devices_.map((one) => (one.id === device ? { ...one, standing } : one));
    this.tell('devices');
    return ok(null);
  }

  private async answer<T>(value: T): Promise<T> {
    if (this.isDown) throw new Refused(0, [problem('console.unreachable')]);
    return value;
  }
}

function heldOne(n: number): HeldWhole {
  const problems = [[problem('not_allowed', 'bloodGroup')], [problem('device.made_after_stop')], [problem('field.unknown', 'shoeSize')]][n]!;
  return {
    line: {
      hash: `${n}a4f`.padEnd(64, '7'), heldAt: at(n), device: id(10), desk: 'Amber desk 2', ward: wardA, staff: n === 2 ? null : people.jonas, kind: 'patient',
      record: id(100 + n), isFinal: n === 2, problems, state: 'waiting',
    },
    about: 'García López, María', isInRecord: n !== 2, reason: null,
    writes: [{ path: 'bloodGroup', before: null, after: 'A+' }, { path: 'bed', before: 'A-05', after: 'A-06' }],
  };
}

const itemId = (n: number) => `${n}c0f`.padEnd(32, '3');

/** Two beds, a dose and its unit that a clinical manager may not settle, and a person who was registered twice. */
function item(n: number): ConflictWhole {
  const kind = (['hard', 'soft', 'duplicate'] as const)[n]!;
  const rule = [problem('rule.same_everywhere', 'bed'), problem('rule.together', 'line/1'), problem('match.probable', '', { other: id(201), reasons: 'familySame birthSame', against: 'givenSlip' })][n]!;
  const [paths, before, values] = ([[['bed'], ['A-01'], [['A-02'], ['A-03']]], [['line/1/dose', 'line/1/unit'], ['1', 'mg'], [['125', 'mg'], ['1', 'mcg']]], [[], [], []]] as const)[n]!;
  const side = (said: readonly unknown[], place: number) => ({ change: `${place}`.padEnd(64, 'e'), staff: [people.jonas, people.musa][place]!, at: at(place), device: 7 + place, values: [...said] });
  const line: ConflictLine = {
    id: itemId(n), kind, rule, field: rule.field, record: id(200), recordKind: n === 1 ? 'prescription' : 'patient', about: n === 2 ? 'Okonkwo, Amara' : 'García López, María',
    desk: null, ward: n === 1 ? wardB : wardA, raisedAt: at(n), owner: null, settledAt: null, settledBy: null, action: null, canUndo: false,
  };
  return {
    line, item: { id: line.id, kind, rule, paths: [...paths], before: [...before], sides: values.map(side), settled: null }, now: values.length > 0 ? [...values[1]!] : [],
    desks: values.map((_, place) => `Amber desk ${place + 1}`), maySettle: n !== 1, mayKeepBoth: false, other: n === 2 ? id(201) : null,
  };
}

function devices(): DeviceLine[] {
  const line = (number: number, name: string, more: Partial<DeviceLine>): DeviceLine => ({
    id: id(number), number, name, ward: wardA, standing: 'active', invitedBy: people.mona, approvedBy: people.ada, enrolled: at(0), seen: at(number), version: '0.1.0', unsent: 0,
    held: 0, isSlowed: false, alarm: null, ...more,
  });
  return [
    line(1, 'Amber desk 1', {}),
    line(2, 'Amber desk 2', { unsent: 3, held: 2, isSlowed: true }),
    line(3, 'Birch desk 1', { ward: wardB, standing: 'pending', invitedBy: people.ada, approvedBy: null, seen: null, version: null, unsent: null }),
    line(4, 'Birch desk 2', { ward: wardB, standing: 'pending', approvedBy: null }),
    line(5, 'Trolley', { standing: 'suspended', alarm: { code: 'waybill.cloned', at: at(4) } }),
    line(6, 'Old laptop', { standing: 'emptied' }),
  ];
}

function opening(): OpeningLine {
  return {
    id: id(50), device: id(10), version: 2, desk: 'Amber desk 2', ward: 'Amber ward', staff: people.musa, who: 'Dr Ibrahim Musa', reason: 'Collapsed in the lift, does not answer',
    from: at(0), until: at(12), due: at(60), state: 'toReview', looked: [{ patient: id(60), name: 'Zimmermann, Jan', at: at(1) }], notes: [], flaws: [], lately: 1, reviews: [],
  };
}

function logLine(leaf: number, isTampered: boolean): LogLine {
  const what = (['changeTaken', 'chartViewed', 'administered', 'signedIn'] as const)[leaf % 4]!;
  const hasRecord = what === 'changeTaken' || what === 'chartViewed';
  return {
    leaf, what, at: at(leaf), device: id(10), desk: 'Amber desk 2', staff: [people.ada, people.musa, people.mona, people.jonas][leaf % 4]!, kind: hasRecord ? 'patient' : null,
    record: hasRecord ? id(100 + leaf) : null, reason: what === 'administered' ? 'device.ordered.suspend' : null, flaw: isTampered && leaf === 117 ? 'not what its hash says' : null,
  };
}
