import type { Outcome } from '../backend';
import type {
  Choice, ConflictDone, ConflictPage, ConflictWhole, ConsoleDoor, ConsoleNews, ConsolePerson, DeviceId, DevicePage, EventAgain, EventPage, HealthReport, HeldDecided, HeldPage, HeldWhole, HoursChanged, LogPage, LookProgress, MergeDone, OpeningLine, Order, Pair, Problem, RecordId, Reference,
  Review, Schedule, StaffPage,
} from '../backend/types.gen';
import type { AdminBackend } from './admin/backend';
import type { MoneyBackend } from './money/backend';
import type { NoticesBackend } from './notices/backend';
import type { OverviewBackend } from './overview/backend';

/** What the audit log is asked for. */
export type About = { record: string } | { staff: string } | 'alarms' | 'all';

/** What a list of decisions is narrowed to. */
export interface Narrow { state: string | null; kind: string | null; ward: string | null; owner: string | null; hours: string | null }

/** What the hospital's server can do for somebody in a browser: http.ts, and a made-up hospital in fake.ts. Lists fail with [`Refused`]. */
export interface ConsoleBackend {
  door(): Promise<ConsoleDoor>;
  /** Who is signed in; says as well that they are there. */
  me(): Promise<ConsolePerson | null>;
  /** `newPassword` takes the place of a password that was given for once. */
  signIn(username: string, password: string, code: string | null, newPassword: string | null): Promise<Outcome<ConsolePerson>>;
  signOut(): Promise<void>;
  reference(): Promise<Reference>;

  held(isAll: boolean, after: string | null): Promise<HeldPage>;
  heldOne(hash: string): Promise<HeldWhole>;
  /** Lets held work in, or refuses it with a reason. */
  decideHeld(hash: string, refusal: string | null): Promise<Outcome<HeldDecided>>;

  conflicts(narrow: Narrow, after: string | null): Promise<ConflictPage>;
  conflictOne(hash: string): Promise<ConflictWhole>;
  settleConflicts(ids: string[], choice: Choice): Promise<Outcome<ConflictDone>>;
  undoConflicts(ids: string[]): Promise<Outcome<ConflictDone>>;
  ownConflicts(ids: string[], isMine: boolean): Promise<Outcome<ConflictDone>>;
  pair(one: RecordId, other: RecordId): Promise<Pair>;
  /** Replaces one patient's record by another; `partPatients` takes that back. */
  mergePatients(gone: RecordId, kept: RecordId): Promise<Outcome<MergeDone>>;
  partPatients(gone: RecordId, kept: RecordId): Promise<Outcome<MergeDone>>;

  /** Workstations: all of them, or those of a ward that may work. */
  devices(ward: string | null, after: string | null): Promise<DevicePage>;
  approveDevice(device: DeviceId): Promise<Outcome<null>>;
  orderDevice(device: DeviceId, order: Order, name: string): Promise<Outcome<null>>;

  staff(after: string | null): Promise<StaffPage>;
  setActive(username: string, isActive: boolean): Promise<Outcome<null>>;
  setHours(base: Schedule, draft: Schedule): Promise<Outcome<HoursChanged>>;

  log(about: About, before: string | null): Promise<LogPage>;
  /** Has the whole log verified: `run` hears of a look that was begun. */
  look(run: string | null): Promise<Outcome<LookProgress>>;

  openings(): Promise<OpeningLine[]>;
  review(review: Review): Promise<Outcome<null>>;

  health(): Promise<HealthReport>;
  /** Makes the file for whoever helps. */
  supportFile(): Promise<Outcome<Blob>>;
  events(): Promise<EventPage>;
  eventAgain(ask: EventAgain): Promise<Outcome<null>>;
  /** Staff, wards, prices, one's own account. */
  readonly admin: AdminBackend;
  /** Bills, the books, insurers. */
  readonly money: MoneyBackend;
  /** What patients have to be told. */
  readonly notices: NoticesBackend;
  /** The whole in figures. */
  readonly overview: OverviewBackend;

  /** Tells which list changed, for as long as somebody listens; `null` while the server cannot be heard. */
  onNews(listener: (news: ConsoleNews | null) => void): () => void;
}

/** A list that could not be read. */
export class Refused extends Error {
  constructor(readonly status: number, readonly problems: Problem[]) {
    super(problems[0]?.code ?? 'fault');
  }
}
