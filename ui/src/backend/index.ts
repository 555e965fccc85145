import type {
  Account, AuditTrail, ChainLook, Chart, Checked, Conflict, DeskState, Diary, DiaryAsk, Emergency, FreeAsk, FreeSlot, Held, HistoryEntry, Kind, Likely, ListAsk, LookProgress, OpeningLine, Page, Problem, ReceiptLine, Reference, Review, Row,
  Save, SaveAnswer, Session, Summary, SyncStatus, TakeAsk, Visit, Waiting,
} from './types.gen';

export type Outcome<T> = { ok: true; value: T } | { ok: false; problems: Problem[] };

/** What changed, or null when everything may have. */
export type Changed = { kind: Kind; id: string } | null;

/** Access to in-patients of other wards, for those who treat; and what clinical managers think of it. */
export interface EmergencyBackend {
  breakGlass(password: string, reason: string): Promise<Outcome<Emergency>>;
  /** The access while it lasts. */
  emergency(): Promise<Emergency | null>;
  emergencySearch(text: string): Promise<Outcome<Summary[]>>;
  emergencySummary(patient: string): Promise<Outcome<Summary | null>>;
  emergencyNote(patient: string | null, text: string): Promise<Outcome<Emergency>>;
  endEmergency(): Promise<void>;
  /** Lists what waits for a review, after one was noted if there is one. */
  reviewEmergency(password: string, review: Review | null): Promise<Outcome<OpeningLine[]>>;
}

/** Whether everything that was written down is as it was written. For those who may read the audit. */
export interface AuditBackend {
  /** This desk's own chain, network or not. */
  auditChain(): Promise<ChainLook>;
  /** Has the hub look at its whole log: `run` hears of a look that was begun. Answers within seconds, found or not. */
  auditLog(password: string, run: string | null): Promise<Outcome<LookProgress>>;
}

/** Bills of the ward's patients, and money that is taken at this desk. For those who take money. */
export interface MoneyBackend {
  account(patient: string): Promise<Account>;
  /** What was recorded here and is not in the hospital's books, oldest first. */
  unposted(): Promise<ReceiptLine[]>;
  take(ask: TakeAsk): Promise<Outcome<ReceiptLine>>;
  /** Makes a mistaken receipt void, by a document with a number of its own. */
  voidReceipt(id: string, number: string, reason: string): Promise<Outcome<ReceiptLine>>;
  /** The pages of a receipt; from the second time on they say that they are a copy. */
  printReceipt(number: string, language: string): Promise<Outcome<string[]>>;
  printBill(bill: string, language: string): Promise<Outcome<string[]>>;
}

/** What a desk can do. Implemented by the window (tauri.ts) and by a made-up hospital for tests (fake.ts). */
export interface Backend extends EmergencyBackend, AuditBackend {
  readonly money: MoneyBackend;
  desk(): Promise<DeskState>;
  reference(): Promise<Reference>;
  enrol(hub: string, code: string, name: string): Promise<Outcome<null>>;
  /** `newPassword` takes the place of a password that was given for once. */
  signIn(username: string, password: string, newPassword?: string | null): Promise<Outcome<Session>>;
  signOut(): Promise<void>;
  /** Says that somebody is at the desk; false when nobody is signed in any more. */
  touch(): Promise<boolean>;

  list(ask: ListAsk): Promise<Page>;
  search(text: string, limit: number): Promise<Row[]>;
  /** Who of those here may be the person of a draft, the likeliest first. */
  likely(draft: unknown): Promise<Likely[]>;
  row(kind: Kind, id: string): Promise<Row | null>;
  chart(patient: string): Promise<Chart | null>;
  /** Visits of a ward on a day of the hospital's calendar, YYYY-MM-DD. */
  day(ward: string, date: string): Promise<Visit[]>;
  /** Visits of a doctor or of a department's doctors, and what each slot of their days is. */
  diary(ask: DiaryAsk): Promise<Diary>;
  /** Slots that are free as far as this desk knows, soonest first, with what may be promised. */
  free(ask: FreeAsk): Promise<FreeSlot[]>;
  /** Appointments that lost their slot. */
  rebooking(): Promise<Visit[]>;
  /** Visits of a ward that are over, and of which nobody has said what became of them. */
  unresolved(ward: string): Promise<Visit[]>;

  /** What is wrong with a draft, laid over the record it is of if there is one. */
  check(kind: Kind, draft: unknown, id: string | null): Promise<Checked>;
  save(ask: Save): Promise<SaveAnswer>;
  sign(id: string, heads: string): Promise<SaveAnswer>;
  /** Settles a field as it was looked at: at `heads`. */
  resolve(kind: Kind, id: string, path: string, value: unknown, heads: string): Promise<SaveAnswer>;
  history(kind: Kind, id: string): Promise<HistoryEntry[]>;
  /** Who looked at a chart at this desk: for managers and auditors. */
  auditTrail(patient: string): Promise<AuditTrail>;
  /** Says that a chart is being printed. */
  printed(patient: string): Promise<void>;
  /** The pages of an appointment's slip, as SVG; in the language of whoever asks. */
  printSlip(appointment: string, language: string): Promise<Outcome<string[]>>;
  /** The pages of what a doctor has on a day. */
  printDayList(practitioner: string, date: string, language: string): Promise<Outcome<string[]>>;
  conflicts(kind: Kind, id: string): Promise<Conflict[]>;
  conflictList(): Promise<Row[]>;

  waiting(): Promise<Waiting[]>;
  held(): Promise<Held[]>;
  withdraw(held: string): Promise<void>;
  restore(held: string): Promise<void>;
  status(): Promise<SyncStatus>;
  syncNow(): Promise<void>;
  onChanged(listener: (what: Changed) => void): () => void;
  onStatus(listener: (status: SyncStatus) => void): () => void;
}
