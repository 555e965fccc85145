import { asPatient, nameText, shownName } from '../parts/records';
import { wallOf } from '../parts/zone';
import { newId } from '../parts/ids';
import { mayReadAudit, mayWrite } from '../parts/access';
import { FakeAudit } from './fake-audit';
import { FakeBooking } from './fake-booking';
import { dayOf, diaryOf, withArrival } from './fake-diary';
import { FakeEmergency } from './fake-emergency';
import { FakePayments } from './fake-payments';
import { FakeDocument, bodyOf, writesOf, type Change, type Write } from './fake-document';
import { patientId, people, reference, samplePatient, samplePrescription, sampleVisits, seeded, wardA } from './fake-people';
import { check, digestOf, likely, mrn, searchTerms, searchText, sortName, standingOf, blankPage, member, problems, refused } from './fake-rules';
import type { Backend, Changed, Outcome } from './index';
import type {
  AuditLine, AuditTrail, Chart, Checked, Conflict, DeskState, Held, HistoryEntry, Kind, Likely, ListAsk, Page, Patient, Problem, Row, Save, SaveAnswer, Session,
  Staff, SyncState, SyncStatus, Visit, Waiting,
} from './types.gen';

const here = 7;
const elsewhere = 3;

interface Unsent { hash: string; kind: Kind; record: string; isNew: boolean; state: SyncState; change: Change }
export interface FakeOptions { patients?: number; enrolled?: boolean; signedIn?: string; latencyMs?: number; now?: () => number }

function heardBy<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A hospital in memory that behaves: it searches, merges, sends, refuses. For development and tests. */
export class FakeHospital implements Backend {
  private documents = new Map<string, FakeDocument>();
  private rows = new Map<string, Row>();
  private words = new Map<string, string>();
  private sorted: string[] | null = null;
  private unsent: Unsent[] = [];
  private heldItems: Held[] = [];
  private looked = new Map<string, AuditLine[]>();
  private changedListeners = new Set<(what: Changed) => void>();
  private statusListeners = new Set<(status: SyncStatus) => void>();
  private session: Session | null = null;
  /** After how many minutes the hospital wants a desk locked that nobody touches. */
  idleMinutes = 10;
  private isEnrolled: boolean;
  /** Nobody has unlocked the records since the desk was started. */
  isLocked = false;
  trouble: Problem | null = null;
  private serial = 0;
  private elements = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly latencyMs: number;
  private readonly now: () => number;
  private sync: SyncStatus = {
    link: 'online', waiting: 0, held: 0, conflicts: 0, unposted: null, syncedAt: null, progress: null, trouble: null, clockAheadS: null, numbersLeft: 412, replicaBytes: 4_200_000, notice: null,
  };

  private readonly moment = () => ({ staff: this.session?.staff ?? null, now: this.now(), isOnline: this.sync.link === 'online' });
  readonly audit = new FakeAudit(this.moment);
  readonly money = new FakePayments(this.moment, (unposted) => this.tell({ unposted }));
  auditChain: Backend['auditChain'] = () => this.audit.auditChain();
  auditLog: Backend['auditLog'] = (password, run) => this.audit.auditLog(password, run);
  readonly booking = new FakeBooking(() => this.all('appointment'), () => this.today());
  free: Backend['free'] = (ask) => this.booking.free(ask);
  rebooking: Backend['rebooking'] = async () => this.booking.lost().map((row) => this.visit(row));
  unresolved: Backend['unresolved'] = async (ward) => this.booking.unresolved(ward, this.now()).map((row) => this.visit(row));
  private readonly access = new FakeEmergency(this.moment);
  breakGlass: Backend['breakGlass'] = (password, reason) => this.access.breakGlass(password, reason);
  emergency: Backend['emergency'] = () => this.access.emergency();
  emergencySearch: Backend['emergencySearch'] = (text) => this.access.emergencySearch(text);
  emergencySummary: Backend['emergencySummary'] = (patient) => this.access.emergencySummary(patient);
  emergencyNote: Backend['emergencyNote'] = (patient, text) => this.access.emergencyNote(patient, text);
  endEmergency: Backend['endEmergency'] = () => this.access.endEmergency();
  reviewEmergency: Backend['reviewEmergency'] = (password, review) => this.access.reviewEmergency(password, review);

  constructor({ patients = 300, enrolled = true, signedIn, latencyMs = 350, now = Date.now }: FakeOptions = {}) {
    this.latencyMs = latencyMs;
    this.now = now;
    this.isEnrolled = enrolled;
    this.seed(patients);
    this.sync.syncedAt = this.stamp();
    const staff = reference.staff.find((one) => one.username === signedIn);
    if (staff) this.session = this.sessionOf(staff);
  }

  private stamp(): string {
    return new Date(this.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  }

  private today(): string {
    return wallOf(this.now(), reference.zone).date;
  }

  private seed(patients: number): void {
    const next = seeded(20261120);
    for (let n = 0; n < patients; n += 1) this.plant('patient', patientId(n), samplePatient(n, next));
    sampleVisits(this.today()).forEach((visit, n) => this.plant('appointment', `01940000-0000-7000-8000-${String(n).padStart(12, '0')}`, visit));
    this.plant('prescription', '01950000-0000-7000-8000-000000000001', samplePrescription(patientId(0)), people.musa);
    this.signed('01950000-0000-7000-8000-000000000001');
  }

  private plant(kind: Kind, id: string, draft: object, staff: string = people.jonas): void {
    const change = this.change(kind, draft, [], staff, elsewhere, '2026-11-02T10:15:00Z');
    this.documents.set(id, new FakeDocument(kind).with(change));
  }

  private signed(id: string): void {
    const document = this.documents.get(id)!;
    const heads = document.heads();
    const signature = [{ staff: people.musa, at: '2026-11-02T10:16:00Z', heads: heads.join(' '), digest: digestOf(document.body()) }];
    this.documents.set(id, document.with(this.change('prescription', { signature }, heads, people.musa, elsewhere, '2026-11-02T10:16:00Z')));
  }

  private change(kind: Kind, draft: object, deps: string[], staff: string, device: number, at = this.stamp()): Change {
    const element = () => `${device.toString(16).padStart(4, '0')}k.${String((this.elements += 1)).padStart(8, '0')}`;
    this.serial += 1;
    const hash = `${this.serial.toString(16).padStart(8, '0')}${'0'.repeat(56)}`;
    return { hash, deps, staff, at, device, writes: writesOf(kind, draft, element) };
  }

  // --- who is here

  async desk(): Promise<DeskState> {
    const ward = reference.wards[0]!;
    const known = reference.staff.filter((one) => ['ada', 'musa', 'jonas'].includes(one.username));
    const { isLocked } = this;
    const shared = { isLocked, unsent: isLocked ? 3 : this.unsent.length, keychain: 'file', trouble: this.trouble } as const;
    return this.isEnrolled
      ? { ...shared, ward: ward.id, wardName: ward.name, hospital: reference.hospital, deviceName: 'Desk 2', knownStaff: known, session: this.session }
      : { ...shared, ward: null, wardName: null, hospital: null, deviceName: null, knownStaff: [], session: null };
  }

  async reference() {
    return reference;
  }

  async enrol(hub: string, code: string): Promise<Outcome<null>> {
    if (!/^https?:\/\//.test(hub)) return refused('hub.unreachable', 'hub');
    if (!/^[A-Z0-9]{4}-[A-Z0-9]{4}$/.test(code)) return refused('enrol.code_wrong', 'code');
    this.isEnrolled = true;
    this.load(0);
    return { ok: true, value: null };
  }

  private load(done: number): void {
    const all = this.documents.size;
    if (done >= all) {
      this.tell({ link: 'online', progress: null, syncedAt: this.stamp() });
      this.emit(null);
      return;
    }
    this.tell({ link: 'loading', progress: [done, all] });
    setTimeout(() => this.load(done + Math.ceil(all / 6)), this.latencyMs);
  }

  async signIn(username: string, password: string, newPassword: string | null = null): Promise<Outcome<Session>> {
    const staff = reference.staff.find((one) => one.username === username.trim().toLowerCase());
    if (!staff || !['ward', 'ONCE-ONLY'].includes(password)) return refused('sign_in.wrong', '');
    if (password === 'ONCE-ONLY' && (newPassword ?? '').length < 15) return refused(newPassword === null ? 'sign_in.choose_password' : 'password.simple', 'newPassword');
    this.isLocked = false;
    return { ok: true, value: (this.session = this.sessionOf(staff)) };
  }

  async signOut(): Promise<void> {
    await this.access.endEmergency();
    this.session = null;
  }

  async touch(): Promise<boolean> {
    return this.session !== null;
  }

  private sessionOf(staff: Staff): Session {
    return { staff, roles: staff.roles, ward: wardA, device: here, idleMinutes: this.idleMinutes };
  }

  // --- reading

  private view(id: string): Row | null {
    const document = this.documents.get(id);
    if (!document) return null;
    const found = this.rows.get(id);
    if (found) return found;
    const last = document.changes.at(-1)!;
    const body = document.body();
    const row: Row = {
      id, kind: document.kind, body, heads: document.heads().join(' '), state: this.stateOf(id), conflicts: document.conflictCount(),
      changedBy: last.staff, changedAt: last.at, standing: document.kind === 'prescription' ? standingOf(body) : null,
    };
    this.rows.set(id, row);
    return row;
  }

  private stateOf(id: string): SyncState {
    if (this.heldItems.some((item) => item.record === id && !item.isWithdrawn)) return 'held';
    const states = this.unsent.filter((item) => item.record === id).map((item) => item.state);
    return states.includes('saved') ? 'saved' : states.includes('sent') ? 'sent' : 'accepted';
  }

  private all(kind: Kind): Row[] {
    return [...this.documents].filter(([, document]) => document.kind === kind).map(([id]) => this.view(id)!);
  }

  private patient(id: string): Patient | null {
    const row = this.view(id);
    return row?.kind === 'patient' ? asPatient(row.body) : null;
  }

  async row(kind: Kind, id: string): Promise<Row | null> {
    const row = this.view(id);
    return row?.kind === kind ? row : null;
  }

  async list({ kind, ward, limit, after }: ListAsk): Promise<Page> {
    this.sorted ??= this.sortedPatients();
    const ids = kind === 'patient' ? this.sorted : this.all(kind).map((row) => row.id);
    const rows = ids.map((id) => this.view(id)!).filter((row) => !ward || asPatient(row.body).ward === ward);
    const start = after ? Number(after) : 0;
    const end = Math.min(start + Math.min(limit, 200), rows.length);
    return { rows: rows.slice(start, end), total: rows.length, next: end < rows.length ? String(end) : null };
  }

  private sortedPatients(): string[] {
    const named = this.all('patient').map((row) => ({ id: row.id, name: sortName(asPatient(row.body)) }));
    return named.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name))).map(({ id }) => id);
  }

  async search(text: string, limit: number): Promise<Row[]> {
    const terms = searchTerms(text);
    const found: Row[] = [];
    if (terms.length === 0) return found;
    for (const [id, document] of this.documents) {
      if (document.kind !== 'patient') continue;
      if (!this.words.has(id)) this.words.set(id, searchText(this.patient(id)!));
      if (terms.every((term) => this.words.get(id)!.includes(term))) found.push(this.view(id)!);
      if (found.length >= limit) break;
    }
    return found;
  }

  likely = async (draft: unknown): Promise<Likely[]> => likely(asPatient(draft), this.all('patient'));
  async chart(patient: string): Promise<Chart | null> {
    const row = await this.row('patient', patient);
    const of = (kind: Kind, at: string) => this.all(kind).filter((one) => member(one, 'patient') === patient)
      .sort((a, b) => member(b, at).localeCompare(member(a, at)));
    if (row) this.note(patient, 'chartViewed');
    return row && { patient: row, appointments: of('appointment', 'start'), prescriptions: of('prescription', 'authoredOn') };
  }

  /** Keeps who looked; the same person looking again right away is one view. */
  private note(patient: string, what: AuditLine['what']): void {
    const lines = this.looked.get(patient) ?? [];
    const staff = this.session?.staff.id ?? null;
    const isSame = lines[0]?.what === what && lines[0].staff === staff;
    if (!isSame) this.looked.set(patient, [{ what, staff, at: this.stamp() }, ...lines]);
  }

  async auditTrail(patient: string): Promise<AuditTrail> {
    if (!mayReadAudit(this.session?.roles ?? [])) throw [{ code: 'not_allowed', field: 'audit', with: {} }];
    this.note(patient, 'auditRead');
    return { lines: this.looked.get(patient) ?? [], trouble: null };
  }

  async printed(patient: string): Promise<void> {
    this.note(patient, 'printed');
  }

  async printSlip(appointment: string): Promise<Outcome<string[]>> {
    const row = this.view(appointment);
    if (!row) return refused('print.failed', '');
    this.note(member(row, 'patient'), 'printed');
    return { ok: true, value: [blankPage] };
  }

  printDayList: Backend['printDayList'] = async () => ({ ok: true, value: [blankPage] });

  day: Backend['day'] = async (ward, date) => dayOf(this.all('appointment'), (id) => this.view(id), ward, date);
  diary: Backend['diary'] = async (ask) => diaryOf(ask, this.all('appointment'), (id) => this.view(id), this.now());

  private readonly visit = (appointment: Row): Visit => ({ appointment, patient: this.view(member(appointment, 'patient')) });

  async history(_kind: Kind, id: string): Promise<HistoryEntry[]> {
    return this.documents.get(id)?.history() ?? [];
  }

  async conflicts(_kind: Kind, id: string): Promise<Conflict[]> {
    return this.documents.get(id)?.conflicts(here) ?? [];
  }

  async conflictList(): Promise<Row[]> {
    return [...this.documents.keys()].map((id) => this.view(id)!).filter((row) => row.conflicts > 0);
  }

  // --- writing

  async check(kind: Kind, draft: unknown, id: string | null): Promise<Checked> {
    const filled = withArrival(kind, draft as object, null, this.all('appointment'), this.now());
    if (Array.isArray(filled)) return { problems: filled, warnings: [] };
    const checked = check(kind, filled, (patient) => this.patient(patient), this.today());
    return kind === 'appointment' ? { ...checked, problems: [...checked.problems, ...this.booking.problems(filled, id)] } : checked;
  }

  async save({ kind, id, base, draft, held }: Save): Promise<SaveAnswer> {
    const session = this.session;
    if (!session) return problems('not_allowed', '');
    const known = this.documents.get(id);
    const wanted = kind === 'appointment' ? this.booking.promised(draft as object, known && this.view(id)!.body) : (draft as object);
    if (known && base === null) return { outcome: 'saved', row: this.view(id)! };
    const asked = withArrival(kind, wanted, known?.body(), this.all('appointment'), this.now());
    if (Array.isArray(asked)) return { outcome: 'problems', problems: asked };
    const number = !known && kind === 'patient' ? { mrn: mrn(900_000 + this.serial) } : {};
    const change = this.change(kind, { ...asked, ...number }, base ? base.split(' ') : [], session.staff.id, here);
    const fresh = { ...change, writes: this.differing(known?.at(change.deps), change.writes) };
    const isBarred = fresh.writes.find(({ path }) => path !== 'mrn' && !mayWrite(session.roles, kind, path.split('/')[0]!));
    if (isBarred) return problems('not_allowed', isBarred.path);
    const document = (known ?? new FakeDocument(kind)).with(fresh);
    const { problems: found } = await this.check(kind, document.body(), id);
    if (found.length > 0) return { outcome: 'problems', problems: found };
    if (held) this.heldItems = this.heldItems.filter((item) => item.id !== held);
    if (fresh.writes.length === 0 && known) return { outcome: 'saved', row: this.view(id)! };
    return this.store(id, document, fresh, !known);
  }

  private differing(document: FakeDocument | undefined, writes: Write[]): Write[] {
    const now = document?.flat() ?? {};
    return writes.filter(({ path, value }) => JSON.stringify(now[path] ?? null) !== JSON.stringify(value ?? null));
  }

  private store(id: string, document: FakeDocument, change: Change, isNew: boolean): SaveAnswer {
    this.documents.set(id, document);
    this.unsent.push({ hash: change.hash, kind: document.kind, record: id, isNew, state: 'saved', change });
    this.touched(document.kind, id);
    this.courier();
    return { outcome: 'saved', row: this.view(id)! };
  }

  async sign(id: string, heads: string): Promise<SaveAnswer> {
    const document = this.documents.get(id);
    if (!document || !this.session?.roles.includes('doctor')) return problems('not_allowed', 'signature');
    const digest = digestOf(document.at(heads.split(' ')).body());
    const signature = [{ staff: this.session.staff.id, at: this.stamp(), heads, digest }];
    return this.save({ kind: 'prescription', id, base: document.heads().join(' '), draft: { status: 'active', signature }, held: null });
  }

  async resolve(kind: Kind, id: string, path: string, value: unknown, heads: string): Promise<SaveAnswer> {
    const document = this.documents.get(id);
    if (!document || !this.session) return problems('not_allowed', path);
    if (document.hasMoved(path, heads.split(' '))) return problems('conflict.moved', path);
    const change = { ...this.change(kind, {}, document.heads(), this.session.staff.id, here), writes: [{ path, value }] };
    return this.store(id, document.with(change), change, false);
  }

  // --- sending

  async waiting(): Promise<Waiting[]> {
    return this.unsent.map(({ kind, record, isNew, state, change }) => ({
      kind, record, ...this.subject(kind, record), fields: [...new Set(change.writes.map(({ path }) => path.split('/')[0]!))], isNew,
      staff: change.staff, at: change.at, state, lastError: this.sync.link === 'offline' ? 'hub.unreachable' : null,
    }));
  }

  private subject(kind: Kind, record: string): { patient: string | null; patientName: string } {
    const row = this.view(record);
    const patient = kind === 'patient' ? record : row && member(row, 'patient');
    const person = patient ? this.patient(patient) : null;
    return { patient: patient || null, patientName: person ? nameText(shownName(person)) : '' };
  }

  async held(): Promise<Held[]> {
    return this.heldItems;
  }

  async withdraw(held: string): Promise<void> {
    this.mark(held, true);
  }

  async restore(held: string): Promise<void> {
    this.mark(held, false);
  }

  private mark(held: string, isWithdrawn: boolean): void {
    this.heldItems = this.heldItems.map((item) => (item.id === held ? { ...item, isWithdrawn } : item));
    const item = this.heldItems.find((one) => one.id === held);
    if (item) this.touched(item.kind, item.record);
  }

  async status(): Promise<SyncStatus> {
    return this.sync;
  }

  async syncNow(): Promise<void> {
    if (this.sync.link === 'online') this.tell({ syncedAt: this.stamp() });
    this.courier();
  }

  private courier(): void {
    clearTimeout(this.timer);
    if (this.sync.link === 'offline' || this.sync.link === 'refused' || this.unsent.length === 0) return;
    this.timer = setTimeout(() => {
      this.setStates('sent');
      this.tell({ link: 'syncing', progress: [0, this.unsent.length] });
      this.timer = setTimeout(() => this.answered(), this.latencyMs);
    }, this.latencyMs);
  }

  private setStates(state: SyncState): void {
    this.unsent.forEach((item) => { item.state = state; });
    this.unsent.forEach((item) => this.touched(item.kind, item.record));
  }

  /** The hub's verdict on everything sent. */
  private answered(): void {
    const sent = this.unsent;
    this.unsent = [];
    for (const item of sent) {
      const { found, decided } = this.booking.heard(item.kind === 'appointment' ? this.view(item.record) : null);
      if (found.length > 0) this.hold(item, found);
      else if (decided) this.elsewhere(item.kind, item.record, decided);
      else this.touched(item.kind, item.record);
    }
    this.tell({ link: 'online', progress: null, trouble: null, syncedAt: this.stamp() });
  }

  private hold(item: Unsent, found: Problem[]): void {
    const document = this.documents.get(item.record)!;
    const kept = document.without([item.hash]);
    const before = kept.flat();
    const after = { ...before, ...Object.fromEntries(item.change.writes.map(({ path, value }) => [path, value])) };
    this.heldItems.push({
      id: newId(this.now()), kind: item.kind, record: item.record, ...this.subject(item.kind, item.record), problems: found,
      fields: item.change.writes.map(({ path, value }) => ({ path, before: before[path] ?? null, after: value })),
      draft: bodyOf(item.kind, after), isNew: item.isNew, staff: item.change.staff, at: item.change.at, isWithdrawn: false,
    });
    if (kept.changes.length > 0) this.documents.set(item.record, kept);
    else this.documents.delete(item.record);
    this.touched(item.kind, item.record);
  }

  // --- telling

  private touched(kind: Kind, id: string): void {
    this.rows.delete(id);
    this.words.delete(id);
    if (kind === 'patient') this.sorted = null;
    this.tell({});
    this.emit({ kind, id });
  }

  private emit(what: Changed): void {
    this.changedListeners.forEach((listener) => listener(what));
  }

  private tell(change: Partial<SyncStatus>): void {
    const held = this.heldItems.filter((item) => !item.isWithdrawn).length;
    const conflicts = [...this.documents.values()].filter((document) => document.changes.length > 1 && document.conflictCount() > 0).length;
    this.sync = { ...this.sync, ...change, waiting: this.unsent.length, held, conflicts };
    this.statusListeners.forEach((listener) => listener(this.sync));
  }

  onChanged: Backend['onChanged'] = (listener) => heardBy(this.changedListeners, listener);
  onStatus: Backend['onStatus'] = (listener) => heardBy(this.statusListeners, listener);

  // --- what only tests do

  /** Cuts or mends the network. */
  setOnline(isOnline: boolean): void {
    clearTimeout(this.timer);
    if (!isOnline) this.unsent.forEach((item) => { item.state = 'saved'; });
    this.tell({ link: isOnline ? 'online' : 'offline', trouble: isOnline ? null : { code: 'hub.unreachable', field: '', with: {} }, progress: null });
    this.money.post();
    this.courier();
  }

  /** Shows a state of the sync line that takes long to bring about. */
  pretend(change: Partial<SyncStatus>): void {
    this.tell(change);
  }

  /** A person at the hospital looks at held work: lets it in, or refuses it and says why. */
  decide(held: string, decision: 'release' | { who: string; reason: string }): void {
    const item = this.heldItems.find((one) => one.id === held);
    if (!item) return;
    const own = (one: Held) => one.id === held;
    if (decision === 'release') {
      this.heldItems = this.heldItems.filter((one) => !own(one));
      this.elsewhere(item.kind, item.record, item.draft as object, item.staff);
      return;
    }
    const refusal = { code: 'held.refused', field: '', with: decision };
    this.heldItems = this.heldItems.map((one) => (own(one) ? { ...one, problems: [...one.problems, refusal] } : one));
    this.touched(item.kind, item.record);
  }

  /** Another desk edits what the hub knows; this desk hears of it. */
  elsewhere(kind: Kind, id: string, draft: object, staff: string = people.lin): void {
    const document = this.documents.get(id)!;
    const known = document.without(this.unsent.map((item) => item.hash));
    this.documents.set(id, document.with(this.change(kind, draft, known.heads(), staff, elsewhere)));
    this.touched(kind, id);
  }
}
