// Generated from shared/ by `cargo test -p shared`. Do not edit.

export type RecordId = string;

export type StaffId = string;

export type DeviceId = string;

export type WardId = string;

export type DepartmentId = string;

export type OpeningId = string;

export type LookId = string;

export type Kind = "patient" | "appointment" | "prescription";

export type Role = "reception" | "nurse" | "doctor" | "pharmacist" | "lab" | "billing" | "manager" | "admin" | "auditor" | "patient";

export type Problem = { code: string, field: string, with: { [key in string]: string }, };

export type Patient = { 
/**
 * Hospital number, FHIR identifier of type `MR`. Given by the desk from its block; never typed.
 */
mrn: string | null, 
/**
 * National identifier, FHIR identifier of type `NI`, as printed.
 */
nationalId: string | null, name: Array<HumanName>, 
/**
 * `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
 */
birthDate: string | null, gender: Gender | null, bloodGroup: BloodGroup | null, telecom: Array<ContactPoint>, address: Array<Address>, 
/**
 * Next of kin, FHIR `Patient.contact`.
 */
contact: Array<Contact>, allergy: Array<Allergy>, 
/**
 * "No known allergies" was asked and answered, FHIR code 716186003. Untrue and no allergy means *not recorded*.
 */
noKnownAllergies: boolean | null, alert: Array<Alert>, ward: WardId | null, 
/**
 * The label on the bed, such as `A-12`.
 */
bed: string | null, 
/**
 * `YYYY-MM-DD`.
 */
deceased: string | null, 
/**
 * Other records of the same person.
 */
link: Array<PatientLink>, 
/**
 * Free text that several people write; both texts survive a merge.
 */
notes: string, };

export type HumanName = { 
/**
 * Empty in a draft: the desk gives it.
 */
id: string, use: NameUse, 
/**
 * ISO 15924, such as `Latn`, `Arab`, `Hani`.
 */
script: string | null, family: string | null, given: string | null, prefix: string | null, 
/**
 * When it stopped being true, RFC 3339. Nothing is removed from a record.
 */
ended: string | null, };

export type ContactPoint = { id: string, use: ContactUse, value: string | null, ended: string | null, };

export type Address = { id: string, use: AddressUse, line: string | null, city: string | null, postalCode: string | null, 
/**
 * ISO 3166, two letters, or the name as given.
 */
country: string | null, ended: string | null, };

export type Contact = { id: string, name: string | null, 
/**
 * Such as `mother`, `spouse`, `guardian`.
 */
relationship: string | null, phone: string | null, ended: string | null, };

export type Allergy = { id: string, substance: string | null, reaction: string | null, criticality: Criticality, 
/**
 * Struck out when `refuted` or `entered-in-error`.
 */
verification: Verification, 
/**
 * Why it was struck out. Required for that.
 */
strikeReason: string | null, };

export type Alert = { id: string, text: string | null, ended: string | null, };

export type PatientLink = { id: string, other: RecordId | null, type: LinkType, 
/**
 * When they were parted again, RFC 3339.
 */
ended: string | null, };

export type LinkType = "replaced-by" | "replaces";

export type Gender = "female" | "male" | "other" | "unknown";

export type NameUse = "official" | "usual" | "nickname" | "maiden" | "old" | "temp" | "anonymous";

export type ContactUse = "mobile" | "home" | "work" | "temp" | "old";

export type AddressUse = "home" | "work" | "temp" | "old" | "billing";

export type Criticality = "high" | "low" | "unable-to-assess";

export type Verification = "confirmed" | "unconfirmed" | "refuted" | "entered-in-error";

export type BloodGroup = "O+" | "O-" | "A+" | "A-" | "B+" | "B-" | "AB+" | "AB-";

export type Appointment = { patient: RecordId | null, practitioner: StaffId | null, department: DepartmentId | null, 
/**
 * The department's ward: its desk sees the appointment and the patient.
 */
ward: WardId | null, 
/**
 * Start of the slot, RFC 3339 in UTC, whole minutes: `2027-03-01T09:00:00Z`.
 */
start: string | null, 
/**
 * Length of the slot in minutes.
 */
minutes: number | null, status: AppointmentStatus, 
/**
 * How pressing it is: who presses more gets what several want.
 */
priority: Priority, reason: string | null, cancelReason: string | null, 
/**
 * Every time the slot was moved. A set of events, never a counter.
 */
move: Array<Move>, 
/**
 * When the patient came, RFC 3339 in UTC, by the clock of the desk that noted it.
 */
arrived: string | null, 
/**
 * The number they were given then: of the department's queue of the day.
 */
queue: number | null, 
/**
 * Why it needs rebooking, as a code: `slot.taken`, `patient.taken`, `practitioner.day_full`. Only the hub writes it.
 */
lost: string | null, 
/**
 * What may be had instead of a slot that was lost, nearest first. Only the hub writes it; one without start is none.
 */
offer: Array<Offer>, notes: string, };

export type Priority = "emergency" | "urgent" | "routine";

export type Move = { id: string, from: string | null, to: string | null, reason: string | null, };

export type Offer = { id: string, practitioner: StaffId | null, start: string | null, };

export type AppointmentStatus = "proposed" | "pending" | "waitlist" | "booked" | "cancelled" | "noshow" | "arrived" | "checked-in" | "fulfilled" | "entered-in-error";

export type Prescription = { patient: RecordId | null, ward: WardId | null, status: PrescriptionStatus, 
/**
 * When it was written, RFC 3339 in UTC.
 */
authoredOn: string | null, stopReason: string | null, line: Array<Line>, 
/**
 * Each names the document heads it signs. See [`standing`].
 */
signature: Array<Signature>, notes: string, };

export type Line = { id: string, medicine: string | null, 
/**
 * A decimal number as written, such as `2.5`. Never a float.
 */
dose: string | null, unit: Unit | null, route: Route | null, frequency: Frequency | null, 
/**
 * For how many days; nothing means until stopped.
 */
days: number | null, 
/**
 * As needed, FHIR `asNeeded`.
 */
prn: boolean | null, prnReason: string | null, instructions: string | null, 
/**
 * When the line was stopped, RFC 3339.
 */
ended: string | null, };

export type Signature = { id: string, staff: StaffId | null, 
/**
 * RFC 3339 in UTC.
 */
at: string | null, 
/**
 * The document heads that were on the screen, hex, separated by spaces.
 */
heads: string | null, 
/**
 * SHA-256 of the signed part at those heads, hex: says without the document whether the words still are those.
 */
digest: string | null, };

export type PrescriptionStatus = "draft" | "active" | "on-hold" | "completed" | "stopped" | "cancelled" | "entered-in-error";

export type Unit = "mg" | "mcg" | "g" | "mL" | "units" | "tablet" | "capsule" | "drop" | "puff" | "sachet" | "patch" | "mmol";

export type Route = "oral" | "intravenous" | "intramuscular" | "subcutaneous" | "inhaled" | "topical" | "rectal" | "sublingual" | "nasal" | "eye" | "ear" | "vaginal" | "transdermal";

export type Frequency = "once" | "QD" | "BID" | "TID" | "QID" | "AM" | "PM" | "BED" | "Q4H" | "Q6H" | "Q8H" | "Q12H" | "QOD" | "WK" | "MO";

export type Standing = "unsigned" | "signed" | "changedSinceSigned";

export type Staff = { id: StaffId, 
/**
 * What they sign in with.
 */
username: string, name: string, roles: Array<Role>, 
/**
 * Departments a doctor sees patients in.
 */
departments: Array<DepartmentId>, isActive: boolean, };

export type Ward = { id: WardId, name: string, };

export type Department = { id: DepartmentId, name: string, ward: WardId, };

export type Hours = { from: string, to: string, };

export type Schedule = { practitioner: StaffId, departments: Array<DepartmentId>, 
/**
 * Hours of each day of the week, Monday first; several when there is a pause for good.
 */
hours: Hours[][], 
/**
 * Pauses of every day.
 */
breaks: Array<Hours>, 
/**
 * First and last day of each leave.
 */
leave: [string, string][], };

export type Place = "free" | "taken" | "soon" | "full" | "break" | "leave" | "closed";

export type PlaceAt = { 
/**
 * RFC 3339 in UTC.
 */
start: string, 
/**
 * The hospital's clock, `09:30`.
 */
time: string, is: Place, 
/**
 * Why it cannot be booked: the first thing the rules say; nothing when it is free.
 */
why: Problem | null, };

export type Sheet = { practitioner: StaffId, 
/**
 * The hospital's local day.
 */
date: string, 
/**
 * Appointments that count, of `most`.
 */
counted: number, most: number, places: Array<PlaceAt>, };

export type Reference = { version: number, hospital: string, 
/**
 * IANA time zone of the hospital, such as `Europe/London`.
 */
zone: string, wards: Array<Ward>, departments: Array<Department>, staff: Array<Staff>, 
/**
 * Names of medicines to pick from.
 */
medicines: Array<string>, 
/**
 * When each doctor sees patients.
 */
schedules: Array<Schedule>, 
/**
 * What was closed: nothing is put there any more, and what was there keeps its name.
 */
closed: Closed, };

export type SyncState = "accepted" | "sent" | "saved" | "held";

export type Row = { id: RecordId, kind: Kind, 
/**
 * The record itself: a `Patient`, an `Appointment` or a `Prescription`.
 */
body: unknown, 
/**
 * The version this is, hex heads separated by spaces. Travels with a draft as `base`.
 */
heads: string, state: SyncState, 
/**
 * Fields on which two places disagree.
 */
conflicts: number, 
/**
 * What the signatures of a prescription are worth; nothing for other kinds.
 */
standing: Standing | null, 
/**
 * Who changed it last, and when (RFC 3339 in UTC, by the clock of the desk they used).
 */
changedBy: StaffId | null, changedAt: string | null, };

export type Page = { rows: Array<Row>, 
/**
 * How many there are in all.
 */
total: number, 
/**
 * Give it back to get the next page; nothing at the end.
 */
next: string | null, };

export type ListAsk = { kind: Kind, ward: WardId | null, 
/**
 * At most 200.
 */
limit: number, after: string | null, };

export type Chart = { patient: Row, 
/**
 * Newest first.
 */
appointments: Array<Row>, 
/**
 * Newest first.
 */
prescriptions: Array<Row>, };

export type Visit = { appointment: Row, 
/**
 * Nothing while the patient's record has not arrived at this desk.
 */
patient: Row | null, };

export type DiaryAsk = { practitioner: StaffId | null, department: DepartmentId | null, 
/**
 * The first of the hospital's local days, `YYYY-MM-DD`.
 */
from: string, 
/**
 * At most 7.
 */
days: number, };

export type Diary = { 
/**
 * Earliest first. All that the doctors have, also in other departments.
 */
visits: Array<Visit>, 
/**
 * A day of a doctor each: by doctor, then by day.
 */
sheets: Array<Sheet>, };

export type FreeAsk = { practitioner: StaffId | null, department: DepartmentId | null, 
/**
 * First and last day of the hospital's calendar, `2027-03-01`.
 */
notBefore: string | null, notAfter: string | null, 
/**
 * Leaves out when the patient is somewhere else.
 */
patient: RecordId | null, 
/**
 * The appointment that is to be moved: it does not stand in its own way.
 */
moved: RecordId | null, 
/**
 * At most 200.
 */
limit: number, };

export type Promise = "confirmed" | "toBeConfirmed";

export type FreeSlot = { practitioner: StaffId, 
/**
 * RFC 3339 in UTC.
 */
start: string, 
/**
 * What may be said to the patient.
 */
promise: Promise, };

export type Save = { kind: Kind, 
/**
 * Made by the form for a new record, so that pressing Save twice makes one.
 */
id: RecordId, 
/**
 * The heads the form was opened on; nothing for a new record.
 */
base: string | null, 
/**
 * Members that are absent stay as they are; `null` empties a field. List elements without `id` are new.
 */
draft: unknown, 
/**
 * The held item this edit puts right, if any. It goes when the save succeeds.
 */
held: string | null, };

export type SaveAnswer = { "outcome": "saved", row: Row, } | { "outcome": "problems", problems: Array<Problem>, };

export type HistoryEntry = { staff: StaffId | null, 
/**
 * RFC 3339 in UTC, by the clock of the desk.
 */
at: string, 
/**
 * Number of the device it was made on.
 */
device: number, fields: Array<FieldChange>, };

export type FieldChange = { path: string, before: unknown, after: unknown, };

export type Conflict = { path: string, 
/**
 * Which rule decided so far.
 */
rule: Problem, 
/**
 * What it was before both edits.
 */
before: unknown, 
/**
 * Every value written, the one that shows now first.
 */
values: Array<Version>, };

export type Version = { value: unknown, staff: StaffId | null, at: string, device: number, 
/**
 * Written on this desk.
 */
isHere: boolean, };

export type Waiting = { kind: Kind, record: RecordId, 
/**
 * The patient it is about, if this desk knows them.
 */
patient: RecordId | null, 
/**
 * The patient's name as lists show it.
 */
patientName: string, 
/**
 * The first path segments that were written, such as `telecom`, for words.
 */
fields: Array<string>, isNew: boolean, staff: StaffId, at: string, state: SyncState, 
/**
 * What went wrong the last time it was sent, as a code; nothing when it was not tried or just waits.
 */
lastError: string | null, };

export type Held = { id: string, kind: Kind, record: RecordId, patient: RecordId | null, patientName: string, problems: Array<Problem>, 
/**
 * What was written: paths and values, to fill the form again.
 */
fields: Array<FieldChange>, 
/**
 * The record as it would be with the change: a draft to open the form with.
 */
draft: unknown, 
/**
 * Whether the record itself never reached the hub.
 */
isNew: boolean, staff: StaffId, at: string, 
/**
 * Withdrawn by a person; can be brought back.
 */
isWithdrawn: boolean, };

export type Link = "online" | "offline" | "syncing" | "loading" | "refused";

export type SyncStatus = { link: Link, 
/**
 * Changes that the hub has not accepted yet.
 */
waiting: number, held: number, 
/**
 * Records with a conflict.
 */
conflicts: number, 
/**
 * Money that was recorded here and is not in the hospital's books.
 */
unposted: Unposted | null, 
/**
 * When the hub last confirmed that this desk has everything, RFC 3339 in UTC.
 */
syncedAt: string | null, 
/**
 * Records done and records in all, while loading or sending.
 */
progress: [number, number] | null, 
/**
 * Why it does not go on, as a code with blanks to fill: `hub.unreachable`, `disk.full`, `device.unknown` …
 */
trouble: Problem | null, 
/**
 * How many seconds this computer's clock is ahead of the hub's (negative: behind), when more than 120.
 */
clockAheadS: number | null, 
/**
 * Hospital numbers left on this desk.
 */
numbersLeft: number, replicaBytes: number, 
/**
 * What was found and done when the replica was opened, as a code: `replica.rebuilt` after damage. Nothing normally.
 */
notice: Problem | null, };

export type Session = { staff: Staff, roles: Array<Role>, ward: WardId, 
/**
 * Number of this device, to tell here from other places.
 */
device: number, 
/**
 * After how many minutes the screen locks that nobody touches.
 */
idleMinutes: number, };

export type DeskState = { 
/**
 * Nothing until the device was enrolled.
 */
ward: WardId | null, wardName: string | null, hospital: string | null, deviceName: string | null, 
/**
 * Staff who can sign in here without the hub, because they did before.
 */
knownStaff: Array<Staff>, session: Session | null, 
/**
 * Nobody has unlocked the replica since this program started: nothing is read, and nothing is sent.
 */
isLocked: boolean, 
/**
 * Changes that wait to be sent; while the desk is locked, as far as is known.
 */
unsent: number, 
/**
 * Where the desk's secrets are; nothing for a desk that has none.
 */
keychain: KeychainPlace | null, 
/**
 * Why nobody can sign in, or what was done to this desk: `device.suspended`, `device.wiped`, `keychain.unavailable` …
 */
trouble: Problem | null, };

export type KeychainPlace = "system" | "file";

export type Checked = { problems: Array<Problem>, warnings: Array<Problem>, };

export type What = "chainBegan" | "chartViewed" | "historyRead" | "changeSaved" | "signedIn" | "signedOut" | "unlockFailed" | "printed" | "heldWithdrawn" | "heldRestored" | "conflictSettled" | "auditRead" | "emergencyOpened" | "changeTaken" | "changeHeld" | "changeRefused" | "deviceEnrolled" | "deviceRevoked" | "passwordRight" | "passwordWrong" | "codeMade" | "staffChanged" | "alarm" | "administered" | "emergencyReviewed" | "moneyMoved";

export type AuditLine = { what: What, staff: StaffId | null, 
/**
 * RFC 3339 in UTC, by the clock of the desk.
 */
at: string, };

export type AuditTrail = { 
/**
 * Newest first.
 */
lines: Array<AuditLine>, 
/**
 * The desk's entries are not as they were written.
 */
trouble: Problem | null, };

export type Summary = { id: RecordId, 
/**
 * Of the record only what an emergency needs; the rest is empty.
 */
patient: Patient, medicines: Array<Medicine>, };

export type Medicine = { line: Line, 
/**
 * What the signatures of its prescription are worth. What was changed since, or never signed, may be given all the
 * same: leaving it out would hide it from whoever treats.
 */
standing: Standing, };

export type Emergency = { id: OpeningId, reason: string, 
/**
 * RFC 3339 in UTC.
 */
from: string, until: string, 
/**
 * In-patients of other wards that this desk knows of.
 */
people: number, 
/**
 * When the hub last confirmed what is known of them; nothing when it never did.
 */
asOf: string | null, notes: number, };

export type OpeningState = "open" | "toReview" | "overdue" | "reviewed";

export type Finding = "accepted" | "questioned";

export type Review = { 
/**
 * The desk it was opened at.
 */
device: DeviceId, opening: OpeningId, 
/**
 * The version that was read.
 */
version: number, finding: Finding, words: string, };

export type OpeningLine = { id: OpeningId, device: DeviceId, version: number, desk: string, ward: string, staff: StaffId, who: string, reason: string, 
/**
 * Instants, RFC 3339 in UTC.
 */
from: string, until: string, due: string, state: OpeningState, looked: Array<LookedLine>, notes: Array<NoteLine>, 
/**
 * What is not as it should be.
 */
flaws: Array<Problem>, 
/**
 * Openings of the same person within thirty days, with this one.
 */
lately: number, reviews: Array<ReviewLine>, };

export type LookedLine = { patient: RecordId, name: string, at: string, };

export type NoteLine = { patient: RecordId | null, text: string, at: string, };

export type ReviewLine = { by: string, at: string, finding: Finding, words: string, };

export type Grade = "certain" | "probable" | "possible";

export type Reason = "familySame" | "familyCommon" | "familySlip" | "familyAlike" | "familyShorter" | "familyShares" | "familyDiffers" | "givenSame" | "givenSlip" | "givenAlike" | "givenShorter" | "givenShares" | "givenInitial" | "givenDiffers" | "nameOrder" | "birthSame" | "birthSwapped" | "birthSlip" | "birthNear" | "birthOtherYear" | "birthPartly" | "birthDiffers" | "idSame" | "idSlip" | "idDiffers" | "genderSame" | "genderDiffers" | "phoneSame" | "phoneSlip" | "phoneDiffers" | "addressSame" | "addressAlike" | "addressNear" | "addressDiffers";

export type Likeness = { grade: Grade, 
/**
 * What speaks for it, in the order a person would check it.
 */
reasons: Array<Reason>, 
/**
 * What speaks against it.
 */
against: Array<Reason>, 
/**
 * The odds that it is one person, ten times their decimal logarithm. For putting the likeliest first.
 */
decibans: number, };

export type Likely = { row: Row, likeness: Likeness, };

export type Money = { amount_minor: number, currency: string, };

export type BillKind = "consultation" | "cancellation" | "no_show" | "supplement" | "pharmacy" | "lab";

export type BillState = "open" | "partially_paid" | "paid" | "void";

export type Exception = "COMPLETION_CONFLICT" | "COMPLETE_AFTER_CANCEL" | "TIME_UNCERTAIN" | "DUPLICATE_COLLECTION" | "PAYMENT_ON_VOID_BILL" | "PAYMENT_RETURNED" | "RECEIPT_GAP" | "RECEIPT_DUP" | "RECEIPT_UNCLEAR" | "GATEWAY_MISMATCH" | "REFUND_FAILED" | "INSURER_OVERPAID" | "CLAIM_EXCEEDS_BALANCE" | "CLAIM_ANSWERED_LATE";

export type DeskBill = { id: string, number: number, patient: RecordId, kind: BillKind, state: BillState, net: Money, tax: Money, gross: Money, 
/**
 * What was still owed when the hub said so.
 */
balance: Money, issuedMs: number, 
/**
 * The number of the bill that it is a supplement to, and what was charged late.
 */
addsTo: number | null, what: string | null, };

export type BillHere = { bill: DeskBill, 
/**
 * Taken at this desk and not in the books yet.
 */
hereMinor: number, 
/**
 * What is left to pay as far as this desk knows.
 */
owed: Money, };

export type Outcome = { "outcome": "posted", applied: number, kept: number, } | { "outcome": "excepted", exception: Exception, } | { "outcome": "voided" } | { "outcome": "kept", exception: Exception, };

export type Tendered = "cash" | "cheque" | "card_stored";

export type TakeAsk = { 
/**
 * Made by the form, so that pressing twice takes it once.
 */
id: string, bill: string, how: Tendered, 
/**
 * The number on the cheque, or on the slip of the terminal.
 */
reference: string | null, minor: number, 
/**
 * What was put on the counter; nothing: just the amount.
 */
tenderedMinor: number | null, };

export type ReceiptLine = { number: string, bill: string, patient: RecordId, by: StaffId, atMs: number, 
/**
 * Nothing for a document that makes another void.
 */
amount: Money | null, how: Tendered | null, reference: string | null, tenderedMinor: number | null, changeMinor: number | null, 
/**
 * The receipt that it makes void.
 */
voids: string | null, reason: string | null, 
/**
 * The document that makes it void.
 */
voidedBy: string | null, isPrinted: boolean, 
/**
 * Nothing: it is recorded here and not posted.
 */
outcome: Outcome | null, };

export type Account = { 
/**
 * Newest first.
 */
bills: Array<BillHere>, 
/**
 * What this desk gave out, newest first.
 */
receipts: Array<ReceiptLine>, 
/**
 * When the hub said so, RFC 3339 in UTC; nothing: it never did.
 */
asOf: string | null, 
/**
 * It has numbers for receipts.
 */
canNumber: boolean, drawer: string, };

export type Unposted = { count: number, 
/**
 * RFC 3339 in UTC, by this computer's clock.
 */
oldestAt: string, };

export type BadEntry = { 
/**
 * The leaf, or the device, incarnation and place of its chain.
 */
place: string, why: string, };

export type HeadLine = { size: number, root: string, at_ms: number, signature: string, };

export type LogLook = { leaves: number, 
/**
 * Signed heads it was compared with.
 */
heads: number, 
/**
 * The newest of them.
 */
head: HeadLine | null, chains: number, 
/**
 * Alarms that were raised when entries came from desks.
 */
alarms: number, 
/**
 * The first entry of the log that is not as it was written.
 */
first_bad_leaf: BadEntry | null, 
/**
 * The first bad entry of each desk's chain that is not as it came.
 */
bad_chains: Array<BadEntry>, };

export type LookProgress = { 
/**
 * Which look this is: to be said again to hear of the same one.
 */
run: LookId, 
/**
 * Leaves that were looked at, and leaves in all.
 */
done: number, all: number, 
/**
 * Nothing before the end.
 */
found: LogLook | null, };

export type ChainLook = { 
/**
 * Entries that are on this desk.
 */
entries: number, 
/**
 * Those of them that the hub has not confirmed.
 */
unsent: number, 
/**
 * The first one that is not as it was written.
 */
bad: BadEntry | null, };

export type ItemKind = "hard" | "soft" | "invariant" | "duplicate" | "quarantine" | "stale" | "money" | "clock";

export type Item = { 
/**
 * Names it at every desk and at the hub, hex.
 */
id: string, kind: ItemKind, 
/**
 * Which rule decided, and what the rule says of it.
 */
rule: Problem, 
/**
 * The document paths it is about.
 */
paths: Array<string>, 
/**
 * What each path was before.
 */
before: unknown[], sides: Array<Side>, 
/**
 * The change by which somebody who saw all sides settled it; nothing while it is open.
 */
settled: Settled | null, };

export type Side = { 
/**
 * The change it was said with, hex.
 */
change: string, staff: StaffId | null, 
/**
 * RFC 3339 in UTC, by the clock of their desk.
 */
at: string, 
/**
 * Number of the device; 0 is the hub.
 */
device: number, 
/**
 * What each path was to them after it.
 */
values: unknown[], };

export type Settled = { 
/**
 * The change, hex.
 */
change: string, staff: StaffId | null, at: string, };

export type Choice = { "action": "keep" } | { "action": "take", side: number, } | { "action": "both" } | { "action": "restore" } | { "action": "write", values: unknown[], } | { "action": "dismiss" };

export type ConflictLine = { 
/**
 * Its name, hex.
 */
id: string, kind: ItemKind, rule: Problem, 
/**
 * The path it is about, or empty.
 */
field: string, record: RecordId | null, recordKind: Kind | null, 
/**
 * The patient it is about, in words.
 */
about: string | null, 
/**
 * The workstation it is about, in words.
 */
desk: string | null, ward: WardId | null, 
/**
 * RFC 3339 in UTC.
 */
raisedAt: string, owner: StaffId | null, settledAt: string | null, settledBy: StaffId | null, 
/**
 * What was done about it, a code.
 */
action: string | null, 
/**
 * Whether that can be taken back.
 */
canUndo: boolean, };

export type ConflictPage = { lines: Array<ConflictLine>, next: string | null, 
/**
 * Open items that the list is narrowed to; 10 000 stands for as many or more.
 */
waiting: number, };

export type ConflictWhole = { line: ConflictLine, item: Item, 
/**
 * What each of its paths says now.
 */
now: unknown[], 
/**
 * The workstation of each side, in words.
 */
desks: Array<string>, 
/**
 * Whether whoever asks may settle it.
 */
maySettle: boolean, 
/**
 * Whether all of it can be kept.
 */
mayKeepBoth: boolean, 
/**
 * The other record, of two that may be of one person.
 */
other: RecordId | null, };

export type ConflictSettle = { 
/**
 * At most [`AT_ONCE`].
 */
ids: Array<string>, choice: Choice, };

export type ConflictUndo = { ids: Array<string>, };

export type ConflictOwn = { ids: Array<string>, isMine: boolean, };

export type ConflictDone = { done: number, 
/**
 * Items for which it could not be done.
 */
left: Array<ConflictLeft>, };

export type ConflictLeft = { id: string, problem: Problem, };

export type MergeAsk = { 
/**
 * The record that is replaced.
 */
gone: RecordId, 
/**
 * The record that is used from now on.
 */
kept: RecordId, };

export type MergeDone = { 
/**
 * Appointments and prescriptions that went to the other record, or back.
 */
moved: number, };

export type Pair = { one: RecordId, other: RecordId, 
/**
 * Each a `Patient`.
 */
oneBody: unknown, otherBody: unknown, 
/**
 * Appointments and prescriptions of each.
 */
oneHas: number, otherHas: number, };

export type ConsoleDoor = { hospital: string, 
/**
 * Whether people may sign in by the hospital's own directory.
 */
hasDirectory: boolean, };

export type ConsolePerson = { staff: StaffId, username: string, name: string, roles: Array<Role>, hasSecondFactor: boolean, 
/**
 * Their role asks for a second factor and they have none: nothing else is open to them before.
 */
setsUpFactor: boolean, };

export type ConsoleNews = "all" | "held" | "devices" | "reference" | "emergency" | "conflicts" | "signed_out";

export type HeldState = "waiting" | "released" | "refused" | "resent";

export type HeldLine = { 
/**
 * The name of the change, hex.
 */
hash: string, 
/**
 * RFC 3339 in UTC.
 */
heldAt: string, device: DeviceId, desk: string, ward: WardId | null, staff: StaffId | null, 
/**
 * Nothing for a kind that this hub does not know.
 */
kind: Kind | null, record: RecordId, 
/**
 * It can never be let in as it is.
 */
isFinal: boolean, problems: Array<Problem>, state: HeldState, };

export type HeldWhole = { line: HeldLine, 
/**
 * The patient it is about, in words; nothing where the record is not there.
 */
about: string | null, 
/**
 * What it writes, field by field, beside what the record has now; nothing where the change cannot be read.
 */
writes: Array<FieldChange>, isInRecord: boolean, 
/**
 * Why it was refused.
 */
reason: string | null, };

export type HeldPage = { lines: Array<HeldLine>, 
/**
 * Where the next page begins.
 */
next: string | null, 
/**
 * All that wait.
 */
waiting: number, };

export type HeldDecision = { hash: string, 
/**
 * Why it is refused; nothing to let it in.
 */
refusal: string | null, };

export type HeldDecided = { 
/**
 * Why it cannot be part of the record as it is: it waits on.
 */
problems: Array<Problem>, };

export type DeviceStanding = "pending" | "active" | "suspended" | "revoked" | "wipe_after_upload" | "wipe_now" | "emptied";

export type Alarm = { code: string, at: string, };

export type DeviceLine = { id: DeviceId, number: number, name: string, ward: WardId | null, standing: DeviceStanding, invitedBy: StaffId | null, approvedBy: StaffId | null, enrolled: string, 
/**
 * When the hub last heard it.
 */
seen: string | null, 
/**
 * What it said of itself then: its version, and how many changes it had not sent.
 */
version: string | null, unsent: number | null, 
/**
 * Changes of its that wait for a person.
 */
held: number, 
/**
 * So much was held within an hour that it is slowed down.
 */
isSlowed: boolean, alarm: Alarm | null, };

export type DevicePage = { lines: Array<DeviceLine>, next: string | null, };

export type DeviceApproval = { device: DeviceId, };

export type Order = "active" | "suspend" | "wipe_after_upload" | "wipe_now";

export type DeviceOrder = { device: DeviceId, order: Order, 
/**
 * The name of the workstation, typed by whoever has it emptied.
 */
name: string, };

export type StaffLine = { staff: Staff, 
/**
 * One of their roles asks for a code that changes.
 */
needsSecondFactor: boolean, 
/**
 * They have one.
 */
hasSecondFactor: boolean, 
/**
 * They were given a password, or work under the hub's own name.
 */
canSignIn: boolean, 
/**
 * Until when the password is good that an administrator gave them; nothing once they chose their own. RFC 3339 in UTC.
 */
onceUntil: string | null, };

export type StaffPage = { lines: Array<StaffLine>, next: string | null, 
/**
 * For how long desks without the network let people in by what they heard last.
 */
offlineHours: number, };

export type StaffActive = { username: string, isActive: boolean, };

export type HoursChange = { 
/**
 * As it was when the form was opened: what somebody else has changed since is not overwritten.
 */
base: Schedule, draft: Schedule, };

export type HoursChanged = { 
/**
 * When appointments begin that stand and are outside the hours now, soonest first; a hundred at most.
 */
outside: Array<string>, };

export type LogLine = { leaf: number, 
/**
 * Nothing for an entry that cannot be read.
 */
what: What | null, at: string, device: DeviceId, desk: string, staff: StaffId | null, kind: Kind | null, record: RecordId | null, reason: string | null, 
/**
 * Why it is not as it was written.
 */
flaw: string | null, };

export type LogPage = { lines: Array<LogLine>, next: string | null, };

export type LookRun = { run: LookId | null, };

export type Turnout = "came" | "missed" | "expected";

export type Takings = "billed" | "received";

export type Turnouts = { came: number, missed: number, expected: number, };

export type DayVisits = { day: string, visits: Turnouts, };

export type DepartmentVisits = { department: DepartmentId | null, visits: Turnouts, 
/**
 * Of a thousand who were to come, how many did not.
 */
missedPermille: number | null, };

export type DayMoney = { day: string, currency: string, billedMinor: number, receivedMinor: number, };

export type OpenItems = { kind: ItemKind, open: number, dayOld: number, weekOld: number, };

export type WardLag = { ward: WardId, 
/**
 * Workstations that may work.
 */
desks: number, 
/**
 * Of them, how many the hub has never heard.
 */
unheard: number, 
/**
 * When the one was heard that is silent longest; nothing when none was.
 */
heard: string | null, 
/**
 * How long ago that is, in whole minutes.
 */
silentMinutes: number | null, 
/**
 * Changes they had not sent when they were heard.
 */
unsent: number, };

export type Overview = { 
/**
 * When it was counted, RFC 3339 in UTC.
 */
at: string, 
/**
 * First and last day, by the hospital's calendar.
 */
from: string, to: string, 
/**
 * Every day, the earliest first.
 */
days: Array<DayVisits>, departments: Array<DepartmentVisits>, 
/**
 * Every day in each currency that moved; nothing for who may not read the books.
 */
money: Array<DayMoney> | null, 
/**
 * Kinds of which some are open.
 */
items: Array<OpenItems>, lags: Array<WardLag>, };

export type VisitLine = { id: RecordId, 
/**
 * When it begins, RFC 3339 in UTC.
 */
at: string, status: AppointmentStatus, department: DepartmentId | null, practitioner: StaffId | null, ward: WardId | null, };

export type VisitPage = { lines: Array<VisitLine>, next: string | null, };

export type TakingLine = { journal: number, 
/**
 * What happened, a word of [`Why`].
 */
why: string, bill: string | null, day: string, currency: string, minor: number, occurredMs: number, };

export type TakingPage = { lines: Array<TakingLine>, next: string | null, };

export type NoticeState = "waiting" | "told" | "over";

export type NoticeKind = "scheduled" | "rescheduled" | "cancelled" | "completed" | "no_show" | "reminder" | "needs_rebooking" | "slot_offered";

export type NoticeLine = { appointment: RecordId, nth: number, kind: NoticeKind, state: NoticeState, patient: RecordId, 
/**
 * The patient, in words.
 */
name: string, 
/**
 * Under which numbers, while it waits.
 */
phones: Array<string>, 
/**
 * Why the patient cannot be told, while it waits.
 */
barrier: Problem | null, 
/**
 * When the visit begins, RFC 3339 in UTC.
 */
start: string, 
/**
 * When it happened.
 */
at: string, 
/**
 * How often nobody answered, and when last.
 */
tries: number, triedAt: string | null, toldAt: string | null, toldBy: StaffId | null, };

export type NoticePage = { lines: Array<NoticeLine>, next: string | null, };

export type Telling = "told" | "not_reached";

export type NoticeSaid = { appointment: RecordId, nth: number, telling: Telling, };

export type StaffDraft = { name: string, roles: Array<Role>, departments: Array<DepartmentId>, };

export type StaffAdd = { username: string, draft: StaffDraft, };

export type StaffChange = { staff: StaffId, 
/**
 * As it was when the form was opened.
 */
base: StaffDraft, draft: StaffDraft, };

export type StaffChanged = { 
/**
 * Visits that they have still to come: somebody looks whether these stand.
 */
visits: number, };

export type Reset = "password" | "second_factor";

export type StaffReset = { staff: StaffId, what: Reset, 
/**
 * Until when the one was good that was given last, as the list showed it.
 */
base: string | null, };

export type OneTime = { staff: StaffId, username: string, password: string, 
/**
 * RFC 3339 in UTC.
 */
until: string, };

export type FactorAsk = { 
/**
 * Six digits of the one they have; nothing when they have none.
 */
code: string | null, };

export type FactorOffer = { 
/**
 * What an authenticator reads, `otpauth://…`.
 */
address: string, 
/**
 * The same to be typed.
 */
secret: string, 
/**
 * The same to be scanned: a line for each row, `#` for a dark square.
 */
squares: Array<string>, };

export type FactorConfirm = { code: string, };

export type PasswordChange = { password: string, newPassword: string, };

export type Closed = { wards: Array<Ward>, departments: Array<Department>, };

export type InUse = { 
/**
 * Living patients who are on it.
 */
patients: number, 
/**
 * Names of workstations of it.
 */
desks: Array<string>, 
/**
 * Names of departments whose diary it runs.
 */
departments: Array<string>, 
/**
 * Names of doctors who see patients there.
 */
doctors: Array<string>, 
/**
 * Appointments that are still to come, and people who wait for one.
 */
visits: number, };

export type WardLine = { ward: Ward, inUse: InUse, 
/**
 * RFC 3339 in UTC; nothing while it is open.
 */
closed: string | null, };

export type DepartmentLine = { department: Department, inUse: InUse, closed: string | null, };

export type Places = { wards: Array<WardLine>, departments: Array<DepartmentLine>, };

export type WardDraft = { name: string, isOpen: boolean, };

export type WardNow = { id: WardId, draft: WardDraft, };

export type WardChange = { 
/**
 * Nothing for a new one.
 */
base: WardNow | null, draft: WardDraft, };

export type DepartmentDraft = { name: string, 
/**
 * Whose desk runs its diary.
 */
ward: WardId, isOpen: boolean, };

export type DepartmentNow = { id: DepartmentId, draft: DepartmentDraft, };

export type DepartmentChange = { base: DepartmentNow | null, draft: DepartmentDraft, };

export type PriceState = "planned" | "in_force" | "past" | "replaced";

export type PriceLine = { id: number, 
/**
 * Nothing: wherever no price of its own is set.
 */
department: DepartmentId | null, 
/**
 * Before tax.
 */
net: Money, 
/**
 * RFC 3339 in UTC; nothing for one that always was.
 */
from: string | null, by: StaffId, 
/**
 * When it was said; nothing where that was not noted yet.
 */
said: string | null, state: PriceState, };

export type PriceList = { lines: Array<PriceLine>, 
/**
 * What tax comes to, in hundredths of a per cent. It is part of the program.
 */
taxBasisPoints: number, 
/**
 * In which currency there are prices; nothing while there are none.
 */
currency: string | null, };

export type PriceChange = { department: DepartmentId | null, net: Money, 
/**
 * From the beginning of this day; today is from now on.
 */
from: string, 
/**
 * The price that was said last for the same department when the form was opened.
 */
base: number | null, };

export type Settings = { 
/**
 * Its name, as every screen and sheet has it.
 */
hospital: string, 
/**
 * Minutes after which a desk locks that nobody touches.
 */
idleMinutes: number, 
/**
 * Hours for which staff unlock a desk without the hub after they signed in at it.
 */
offlineHours: number, };

export type SettingsNow = { settings: Settings, 
/**
 * IANA time zone: what was written would be of another day in another.
 */
zone: string, 
/**
 * The two letters on receipts.
 */
facility: string, 
/**
 * Above what two people agree to money that goes back, if there are prices.
 */
refundLimit: Money | null, cashRefundLimit: Money | null, };

export type SettingsChange = { 
/**
 * As it was when the form was opened.
 */
base: Settings, draft: Settings, };

export type HealthGrade = "ok" | "look" | "broken";

export type HealthCheck = "database" | "disk" | "backup" | "audit" | "events" | "decisions" | "held" | "desks" | "copies" | "certificates" | "put_back";

export type HealthDesk = { number: number, 
/**
 * Empty in a support file.
 */
name: string, };

export type HealthFinding = { check: HealthCheck, grade: HealthGrade, said: Problem, 
/**
 * Which workstations it is about; the first fifty.
 */
desks: Array<HealthDesk>, };

export type HealthReport = { 
/**
 * RFC 3339 in UTC.
 */
at: string, 
/**
 * The version of the hub's program.
 */
program: string, findings: Array<HealthFinding>, };

export type EventLine = { 
/**
 * Who has not taken it; nothing for one that was not handed on yet.
 */
consumer: string | null, 
/**
 * The event's name there.
 */
id: string, 
/**
 * The last word of its type, such as `scheduled`.
 */
what: string, record: RecordId | null, 
/**
 * When it was told or arrived.
 */
at: string, tries: number, 
/**
 * Of the last failure.
 */
code: string | null, setAside: string | null, 
/**
 * When it is tried again by itself.
 */
next: string | null, };

export type EventPage = { lines: Array<EventLine>, 
/**
 * All that were set aside.
 */
setAside: number, 
/**
 * All that wait long.
 */
waiting: number, };

export type EventAgain = { consumer: string | null, id: string, };

export type ExceptionLine = { id: number, 
/**
 * A word of [`crate::billing::Exception`] or of [`crate::billing::reconcile::Check`].
 */
kind: string, 
/**
 * What it is about where that is no bill: a payment, a journal, a series.
 */
subject: string | null, bill: string | null, appointment: string | null, currency: string | null, 
/**
 * The two figures that differ.
 */
expected: number | null, found: number | null, 
/**
 * What a person would have to write, if that is known.
 */
prepared: unknown, at_ms: number, 
/**
 * When it was found last; nothing for what was told once.
 */
seen_ms: number | null, settled: SettledBy | null, };

export type ExceptionPage = { lines: Array<ExceptionLine>, 
/**
 * Where the next page begins.
 */
next: string | null, 
/**
 * How many nobody has settled.
 */
open: number, 
/**
 * When the books were looked through last.
 */
reconciled: Reconciled | null, };

export type SettledBy = { by: StaffId, at_ms: number, reason: string, };

export type Reconciled = { at_ms: number, 
/**
 * What does not add up, and how much of it was not known before.
 */
found: number, new: number, };

export type SettleAsk = { exception: number, reason: string, };

export type DrawerLine = { drawer: string, currency: string, 
/**
 * Whether money went in or out since.
 */
has_moved: boolean, counted: CountLine | null, };

export type CountLine = { expected: number, counted: number, 
/**
 * What stayed for change.
 */
kept: number, by: StaffId, at_ms: number, };

export type DayLine = { day: string, 
/**
 * Nothing for the one that is open.
 */
closed: ClosedBy | null, 
/**
 * What is counted in it although it happened on a day that was closed before.
 */
late: number, };

export type ClosedBy = { by: StaffId, at_ms: number, };

export type DayPage = { lines: Array<DayLine>, next: string | null, };

export type DayWhole = { line: DayLine, 
/**
 * The day before which everything was closed already.
 */
since: string | null, accounts: Array<AccountLine>, 
/**
 * The first hundred of what came late.
 */
late: Array<LateLine>, };

export type AccountLine = { account: number, 
/**
 * Which drawer or provider.
 */
part: string, currency: string, debit_minor: number, credit_minor: number, };

export type LateLine = { journal: number, why: string, bill: string | null, currency: string, minor: number, occurred_ms: number, recorded_ms: number, };

export type SettlementLine = { id: number, provider: string, lines: number, 
/**
 * Lines that no file had before.
 */
new: number, by: StaffId, at_ms: number, };

export type CoverageLine = { 
/**
 * Made by whoever asks.
 */
id: string, patient: string, payor: string, 
/**
 * The number the patient has with it.
 */
subscriber: string, 
/**
 * Which insurer is asked first: from one on.
 */
place: number, from: string, until: string | null, };

export type ClaimState = "draft" | "ready" | "submitted" | "accepted" | "rejected" | "approved" | "partial" | "denied" | "paid_partial" | "paid" | "closed" | "appealed" | "cancelled" | "entered_in_error";

export type ClaimAct = "submit" | "cancel" | "strike_out" | "close" | "appeal";

export type Age = "up_to30" | "up_to60" | "up_to90" | "up_to120" | "older";

export type AgeLine = { age: Age, currency: string, count: number, outstanding: number, };

export type ClaimLine = { id: string, number: number, version: number, bill: string, bill_number: number, payor: string, state: ClaimState, currency: string, submitted: number, benefit: number, contractual: number, paid: number, 
/**
 * What the insurer still owes, as far as is known.
 */
outstanding: number, submitted_ms: number | null, age: Age | null, };

export type ClaimPage = { lines: Array<ClaimLine>, next: string | null, ages: Array<AgeLine>, };

export type ClaimWhole = { line: ClaimLine, subscriber: string, served: string, 
/**
 * The insurer covers so much more than is owed: somebody has to say whose it is.
 */
excess: Excess | null, steps: Array<StepLine>, 
/**
 * FHIR `Claim`, as the insurer is sent it.
 */
fhir: unknown, };

export type StepLine = { state: ClaimState, minor: number | null, by: StaffId, at_ms: number, };

export type Direction = "in" | "back";

export type Excess = { minor: number, 
/**
 * What the patient paid and did not get back. No more than that goes to them.
 */
patient_max: number, };

export type Whose = "patient" | "insurer";

export type ChargeLine = { payment: string, currency: string, minor: number, state: ChargeState, 
/**
 * Why nothing was taken.
 */
code: string | null, may_cancel: boolean, 
/**
 * `stripe`, `razorpay`, `house`
 */
provider: string, 
/**
 * What the payer's page needs to go on.
 */
payer: string | null, 
/**
 * The card as the gateway knows it, or the slip of a terminal.
 */
source: string | null, 
/**
 * Of money that is in the books.
 */
receipt: string | null, by: StaffId, at_ms: number, };

export type ChargePage = { gateway: string | null, lines: Array<ChargeLine>, };

export type ChargeState = "asked" | "waiting" | "unknown" | "cancelling" | "taken" | "failed" | "cancelled";

export type BillLine = { id: string, number: number, patient: string, kind: BillKind, state: BillState, currency: string, net: number, tax: number, gross: number, balance: number, issued_ms: number, 
/**
 * The bill that it is a supplement to, and what was charged late.
 */
adds_to: string | null, what: string | null, };

export type BillPage = { lines: Array<BillLine>, next: string | null, };

export type BillWhole = { line: BillLine, 
/**
 * Who it is for, as the hospital's record says.
 */
name: string | null, mrn: string | null, rate_basis_points: number, applied: number, benefit: number, contractual: number, forgiven: number, returned: number, void_reason: string | null, 
/**
 * The number of the bill that it is a supplement to.
 */
first: number | null, 
/**
 * What was charged after it was issued.
 */
supplements: Array<BillLine>, payments: Array<PaymentLine>, 
/**
 * What the books have of it, the oldest first.
 */
journals: Array<JournalLine>, };

export type JournalLine = { id: number, why: string, minor: number, by: StaffId | null, occurred_ms: number, recorded_ms: number, };

export type PaymentLine = { id: string, receipt: string, 
/**
 * `cash`, `card`, `card_stored`, `cheque`, `transfer`
 */
method: string, minor: number, refunded: number, by: StaffId, at_ms: number, };

export type RefundLine = { id: string, bill: string | null, bill_number: number | null, currency: string, minor: number, 
/**
 * `pending`, `requires_action`, `succeeded`, `failed`, `canceled`
 */
state: string, reason: string, asked_by: StaffId | null, agreed_by: StaffId | null, handed_by: StaffId | null, at_ms: number, };

export type RefundPage = { lines: Array<RefundLine>, next: string | null, };

export type PatientAccount = { name: string | null, mrn: string | null, 
/**
 * What the hospital asks for now; nothing while no price is set.
 */
currency: string | null, owed: Array<OwedLine>, 
/**
 * Payments that left something with the hospital as the patient's.
 */
left: Array<LeftLine>, 
/**
 * The newest fifty.
 */
bills: Array<BillLine>, };

export type OwedLine = { currency: string, receivable: number, credit: number, 
/**
 * To be handed out.
 */
payable: number, };

export type LeftLine = { payment: string, receipt: string, currency: string, minor: number, at_ms: number, };

/** What each role may read, and which fields it may write: as `shared/src/access` answers. */
export const access: Record<Role, Record<Kind, { reads: boolean, writes: readonly string[] }>> = {
  reception: {
    patient: { reads: true, writes: ["address", "bed", "birthDate", "contact", "gender", "mrn", "name", "nationalId", "telecom", "ward"] },
    appointment: { reads: true, writes: ["arrived", "cancelReason", "department", "minutes", "move", "notes", "patient", "practitioner", "priority", "queue", "reason", "start", "status", "ward"] },
    prescription: { reads: false, writes: [] },
  },
  nurse: {
    patient: { reads: true, writes: ["address", "alert", "allergy", "bed", "birthDate", "bloodGroup", "contact", "deceased", "gender", "mrn", "name", "nationalId", "noKnownAllergies", "notes", "telecom", "ward"] },
    appointment: { reads: true, writes: ["arrived", "cancelReason", "department", "minutes", "move", "notes", "patient", "practitioner", "priority", "queue", "reason", "start", "status", "ward"] },
    prescription: { reads: true, writes: [] },
  },
  doctor: {
    patient: { reads: true, writes: ["address", "alert", "allergy", "bed", "birthDate", "bloodGroup", "contact", "deceased", "gender", "mrn", "name", "nationalId", "noKnownAllergies", "notes", "telecom", "ward"] },
    appointment: { reads: true, writes: ["arrived", "cancelReason", "department", "minutes", "move", "notes", "patient", "practitioner", "priority", "queue", "reason", "start", "status", "ward"] },
    prescription: { reads: true, writes: ["authoredOn", "line", "notes", "patient", "signature", "status", "stopReason", "ward"] },
  },
  pharmacist: {
    patient: { reads: true, writes: ["allergy", "noKnownAllergies"] },
    appointment: { reads: true, writes: [] },
    prescription: { reads: true, writes: [] },
  },
  lab: {
    patient: { reads: true, writes: [] },
    appointment: { reads: false, writes: [] },
    prescription: { reads: false, writes: [] },
  },
  billing: {
    patient: { reads: true, writes: [] },
    appointment: { reads: true, writes: [] },
    prescription: { reads: false, writes: [] },
  },
  manager: {
    patient: { reads: true, writes: ["address", "bed", "birthDate", "contact", "gender", "mrn", "name", "nationalId", "telecom", "ward"] },
    appointment: { reads: true, writes: ["arrived", "cancelReason", "department", "minutes", "move", "patient", "practitioner", "priority", "queue", "reason", "start", "status", "ward"] },
    prescription: { reads: true, writes: [] },
  },
  admin: {
    patient: { reads: false, writes: [] },
    appointment: { reads: false, writes: [] },
    prescription: { reads: false, writes: [] },
  },
  auditor: {
    patient: { reads: true, writes: [] },
    appointment: { reads: true, writes: [] },
    prescription: { reads: true, writes: [] },
  },
  patient: {
    patient: { reads: false, writes: [] },
    appointment: { reads: false, writes: [] },
    prescription: { reads: false, writes: [] },
  },
};

/** The tasks each role may do somewhere. */
export const tasks: Record<Role, readonly string[]> = {
  reception: [],
  nurse: ["emergency"],
  doctor: ["emergency"],
  pharmacist: ["conflicts", "console", "emergency"],
  lab: [],
  billing: ["console", "cashier", "refund_agree", "books", "books_keep", "insurance"],
  manager: ["audit", "held", "conflicts", "merge", "console", "emergency_review", "refund_agree", "books", "books_keep", "audit_search", "devices", "hours", "overview", "notices"],
  admin: ["console", "books", "prices", "devices", "staff", "wards", "settings", "hours", "overview"],
  auditor: ["audit", "console", "books", "audit_search", "overview"],
  patient: [],
};

/** What somebody may do, by the words of the table. */
export interface Right { does: 'read' | 'write' | 'do', what: string, kind: Kind | null, state: string | null, fields: readonly string[], who: Record<Role, 'own' | 'any' | null> }

/** The table of `shared/src/access/table.rs`, line by line. */
export const rights: readonly Right[] = [
  { does: "read", what: "patient", kind: "patient", state: null, fields: [], who: { reception: "own", nurse: "own", doctor: "own", pharmacist: "own", lab: "own", billing: "own", manager: "own", admin: null, auditor: "own", patient: null } },
  { does: "read", what: "appointment", kind: "appointment", state: null, fields: [], who: { reception: "own", nurse: "own", doctor: "own", pharmacist: "own", lab: null, billing: "own", manager: "own", admin: null, auditor: "own", patient: null } },
  { does: "read", what: "prescription", kind: "prescription", state: null, fields: [], who: { reception: null, nurse: "own", doctor: "own", pharmacist: "own", lab: null, billing: null, manager: "own", admin: null, auditor: "own", patient: null } },
  { does: "write", what: "person", kind: "patient", state: "alive", fields: ["name", "birthDate", "gender", "mrn", "nationalId", "telecom", "address", "contact", "serial"], who: { reception: "own", nurse: "own", doctor: "own", pharmacist: null, lab: null, billing: null, manager: "own", admin: null, auditor: null, patient: null } },
  { does: "write", what: "person", kind: "patient", state: "deceased", fields: ["name", "birthDate", "gender", "mrn", "nationalId", "telecom", "address", "contact", "serial"], who: { reception: "own", nurse: null, doctor: "own", pharmacist: null, lab: null, billing: null, manager: "own", admin: null, auditor: null, patient: null } },
  { does: "write", what: "place", kind: "patient", state: "alive", fields: ["ward", "bed"], who: { reception: "own", nurse: "own", doctor: "own", pharmacist: null, lab: null, billing: null, manager: "own", admin: null, auditor: null, patient: null } },
  { does: "write", what: "place", kind: "patient", state: "deceased", fields: ["ward", "bed"], who: { reception: null, nurse: "own", doctor: "own", pharmacist: null, lab: null, billing: null, manager: "own", admin: null, auditor: null, patient: null } },
  { does: "write", what: "allergies", kind: "patient", state: "alive", fields: ["allergy", "noKnownAllergies"], who: { reception: null, nurse: "own", doctor: "own", pharmacist: "own", lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "allergies", kind: "patient", state: "deceased", fields: ["allergy", "noKnownAllergies"], who: { reception: null, nurse: null, doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "clinical", kind: "patient", state: "alive", fields: ["alert", "bloodGroup", "notes"], who: { reception: null, nurse: "own", doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "clinical", kind: "patient", state: "deceased", fields: ["alert", "bloodGroup", "notes"], who: { reception: null, nurse: null, doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "death", kind: "patient", state: "alive", fields: ["deceased"], who: { reception: null, nurse: "own", doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "death", kind: "patient", state: "deceased", fields: ["deceased"], who: { reception: null, nurse: null, doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "link", kind: "patient", state: "alive", fields: ["link"], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "link", kind: "patient", state: "deceased", fields: ["link"], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "slot", kind: "appointment", state: "planned", fields: ["patient", "practitioner", "department", "ward", "start", "minutes", "priority", "move", "reason", "serial"], who: { reception: "own", nurse: "own", doctor: "own", pharmacist: null, lab: null, billing: null, manager: "own", admin: null, auditor: null, patient: null } },
  { does: "write", what: "slot", kind: "appointment", state: "over", fields: ["patient", "practitioner", "department", "ward", "start", "minutes", "priority", "move", "reason", "serial"], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "visitCourse", kind: "appointment", state: "planned", fields: ["status", "cancelReason", "arrived", "queue"], who: { reception: "own", nurse: "own", doctor: "own", pharmacist: null, lab: null, billing: null, manager: "own", admin: null, auditor: null, patient: null } },
  { does: "write", what: "visitCourse", kind: "appointment", state: "over", fields: ["status", "cancelReason", "arrived", "queue"], who: { reception: "own", nurse: "own", doctor: "own", pharmacist: null, lab: null, billing: null, manager: "own", admin: null, auditor: null, patient: null } },
  { does: "write", what: "visitNotes", kind: "appointment", state: "planned", fields: ["notes"], who: { reception: "own", nurse: "own", doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "visitNotes", kind: "appointment", state: "over", fields: ["notes"], who: { reception: null, nurse: "own", doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "decision", kind: "appointment", state: "planned", fields: ["lost", "offer"], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "decision", kind: "appointment", state: "over", fields: ["lost", "offer"], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "order", kind: "prescription", state: "draft", fields: ["patient", "ward", "line", "authoredOn", "notes", "serial"], who: { reception: null, nurse: null, doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "order", kind: "prescription", state: "ordered", fields: ["patient", "ward", "line", "authoredOn", "notes", "serial"], who: { reception: null, nurse: null, doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "order", kind: "prescription", state: "signed", fields: ["patient", "ward", "line", "authoredOn", "notes", "serial"], who: { reception: null, nurse: null, doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "order", kind: "prescription", state: "ended", fields: ["patient", "ward", "line", "authoredOn", "notes", "serial"], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "orderCourse", kind: "prescription", state: "draft", fields: ["status", "stopReason"], who: { reception: null, nurse: null, doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "orderCourse", kind: "prescription", state: "ordered", fields: ["status", "stopReason"], who: { reception: null, nurse: null, doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "orderCourse", kind: "prescription", state: "signed", fields: ["status", "stopReason"], who: { reception: null, nurse: null, doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "orderCourse", kind: "prescription", state: "ended", fields: ["status", "stopReason"], who: { reception: null, nurse: null, doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "signature", kind: "prescription", state: "draft", fields: ["signature"], who: { reception: null, nurse: null, doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "signature", kind: "prescription", state: "ordered", fields: ["signature"], who: { reception: null, nurse: null, doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "signature", kind: "prescription", state: "signed", fields: ["signature"], who: { reception: null, nurse: null, doctor: "own", pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "write", what: "signature", kind: "prescription", state: "ended", fields: ["signature"], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "do", what: "audit", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: "own", admin: null, auditor: "own", patient: null } },
  { does: "do", what: "held", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: "any", admin: null, auditor: null, patient: null } },
  { does: "do", what: "conflicts", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: "any", lab: null, billing: null, manager: "any", admin: null, auditor: null, patient: null } },
  { does: "do", what: "merge", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: "any", admin: null, auditor: null, patient: null } },
  { does: "do", what: "console", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: "any", lab: null, billing: "any", manager: "any", admin: "any", auditor: "any", patient: null } },
  { does: "do", what: "emergency", kind: null, state: null, fields: [], who: { reception: null, nurse: "own", doctor: "own", pharmacist: "own", lab: null, billing: null, manager: null, admin: null, auditor: null, patient: null } },
  { does: "do", what: "emergency_review", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: "any", admin: null, auditor: null, patient: null } },
  { does: "do", what: "cashier", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: "any", manager: null, admin: null, auditor: null, patient: null } },
  { does: "do", what: "refund_agree", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: "any", manager: "any", admin: null, auditor: null, patient: null } },
  { does: "do", what: "books", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: "any", manager: "any", admin: "any", auditor: "any", patient: null } },
  { does: "do", what: "books_keep", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: "any", manager: "any", admin: null, auditor: null, patient: null } },
  { does: "do", what: "insurance", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: "any", manager: null, admin: null, auditor: null, patient: null } },
  { does: "do", what: "prices", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: null, admin: "any", auditor: null, patient: null } },
  { does: "do", what: "audit_search", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: "any", admin: null, auditor: "any", patient: null } },
  { does: "do", what: "devices", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: "any", admin: "any", auditor: null, patient: null } },
  { does: "do", what: "staff", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: null, admin: "any", auditor: null, patient: null } },
  { does: "do", what: "wards", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: null, admin: "any", auditor: null, patient: null } },
  { does: "do", what: "settings", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: null, admin: "any", auditor: null, patient: null } },
  { does: "do", what: "hours", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: "any", admin: "any", auditor: null, patient: null } },
  { does: "do", what: "overview", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: "any", admin: "any", auditor: "any", patient: null } },
  { does: "do", what: "notices", kind: null, state: null, fields: [], who: { reception: null, nurse: null, doctor: null, pharmacist: null, lab: null, billing: null, manager: "any", admin: null, auditor: null, patient: null } },
];

/** How many decimal places a currency has, where they are not two. */
export const minorDigits: Readonly<Record<string, number>> = { BIF: 0, CLP: 0, DJF: 0, GNF: 0, ISK: 0, JPY: 0, KMF: 0, KRW: 0, PYG: 0, RWF: 0, UGX: 0, UYI: 0, VND: 0, VUV: 0, XAF: 0, XOF: 0, XPF: 0, BHD: 3, IQD: 3, JOD: 3, KWD: 3, LYD: 3, OMR: 3, TND: 3 };
