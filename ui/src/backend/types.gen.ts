// The shapes of shared/, as its serde names write them. `cargo test` writes this file.

export type Role = "reception" | "nurse" | "doctor" | "pharmacist" | "lab" | "billing" | "manager" | "admin" | "auditor";
export type Kind = "patient" | "appointment" | "prescription";
export type Problem = { code: string, field: string, with: { [key in string]: string }, };

export type Staff = { id: string, username: string, name: string, roles: Array<Role>, departments: Array<string>, isActive: boolean, };
export type Ward = { id: string, name: string, };
export type Department = { id: string, name: string, ward: string, };
export type Reference = { version: number, hospital: string, zone: string, wards: Array<Ward>, departments: Array<Department>, staff: Array<Staff>, medicines: Array<string>, };

export type Gender = "female" | "male" | "other" | "unknown";
export type NameUse = "official" | "usual" | "nickname" | "maiden" | "old" | "temp" | "anonymous";
export type ContactUse = "mobile" | "home" | "work" | "temp" | "old";
export type AddressUse = "home" | "work" | "temp" | "old" | "billing";
export type Criticality = "high" | "low" | "unable-to-assess";
export type Verification = "confirmed" | "unconfirmed" | "refuted" | "entered-in-error";
export type BloodGroup = "O+" | "O-" | "A+" | "A-" | "B+" | "B-" | "AB+" | "AB-";
export type HumanName = { id: string, use: NameUse, script: string | null, family: string | null, given: string | null, prefix: string | null, ended: string | null, };
export type ContactPoint = { id: string, use: ContactUse, value: string | null, ended: string | null, };
export type Address = { id: string, use: AddressUse, line: string | null, city: string | null, postalCode: string | null, country: string | null, ended: string | null, };
export type Contact = { id: string, name: string | null, relationship: string | null, phone: string | null, ended: string | null, };
export type Allergy = { id: string, substance: string | null, reaction: string | null, criticality: Criticality, verification: Verification, strikeReason: string | null, };
export type Alert = { id: string, text: string | null, ended: string | null, };
export type Patient = { mrn: string | null, nationalId: string | null, name: Array<HumanName>, birthDate: string | null, gender: Gender | null, bloodGroup: BloodGroup | null, telecom: Array<ContactPoint>, address: Array<Address>, contact: Array<Contact>, allergy: Array<Allergy>, noKnownAllergies: boolean | null, alert: Array<Alert>, ward: string | null, bed: string | null, deceased: string | null, notes: string, };

export type AppointmentStatus = "proposed" | "pending" | "booked" | "cancelled" | "noshow" | "arrived" | "checked-in" | "fulfilled" | "entered-in-error";
export type Move = { id: string, from: string | null, to: string | null, reason: string | null, };
export type Appointment = { patient: string | null, practitioner: string | null, department: string | null, ward: string | null, start: string | null, minutes: number | null, status: AppointmentStatus, reason: string | null, cancelReason: string | null, move: Array<Move>, notes: string, };

export type PrescriptionStatus = "draft" | "active" | "on-hold" | "completed" | "stopped" | "cancelled" | "entered-in-error";
export type Unit = "mg" | "mcg" | "g" | "mL" | "units" | "tablet" | "capsule" | "drop" | "puff" | "sachet" | "patch" | "mmol";
export type Route = "oral" | "intravenous" | "intramuscular" | "subcutaneous" | "inhaled" | "topical" | "rectal" | "sublingual" | "nasal" | "eye" | "ear" | "vaginal" | "transdermal";
export type Frequency = "once" | "QD" | "BID" | "TID" | "QID" | "AM" | "PM" | "BED" | "Q4H" | "Q6H" | "Q8H" | "Q12H" | "QOD" | "WK" | "MO";
export type Line = { id: string, medicine: string | null, dose: string | null, unit: Unit | null, route: Route | null, frequency: Frequency | null, days: number | null, prn: boolean | null, prnReason: string | null, instructions: string | null, ended: string | null, };
export type Signature = { id: string, staff: string | null, at: string | null, heads: string | null, digest: string | null, };
export type Prescription = { patient: string | null, ward: string | null, status: PrescriptionStatus, authoredOn: string | null, stopReason: string | null, line: Array<Line>, signature: Array<Signature>, notes: string, };
export type Standing = "unsigned" | "signed" | "changedSinceSigned";

export type SyncState = "accepted" | "sent" | "saved" | "held";
export type Row = { id: string, kind: Kind, body: unknown, heads: string, state: SyncState, conflicts: number, changedBy: string | null, changedAt: string | null, standing: Standing | null, };
export type Page = { rows: Array<Row>, total: number, next: string | null, };
export type ListAsk = { kind: Kind, ward: string | null, limit: number, after: string | null, };
export type Chart = { patient: Row, appointments: Array<Row>, prescriptions: Array<Row>, };
export type Visit = { appointment: Row, patient: Row | null, };
export type Save = { kind: Kind, id: string, base: string | null, draft: unknown, held: string | null, };
export type SaveAnswer = { "outcome": "saved", row: Row, } | { "outcome": "problems", problems: Array<Problem>, };
export type FieldChange = { path: string, before: unknown, after: unknown, };
export type HistoryEntry = { staff: string | null, at: string, device: number, fields: Array<FieldChange>, };
export type Version = { value: unknown, staff: string | null, at: string, device: number, isHere: boolean, };
export type Conflict = { path: string, before: unknown, values: Array<Version>, };
export type Waiting = { kind: Kind, record: string, patient: string | null, patientName: string, fields: Array<string>, isNew: boolean, staff: string, at: string, state: SyncState, lastError: string | null, };
export type Held = { id: string, kind: Kind, record: string, patient: string | null, patientName: string, problems: Array<Problem>, fields: Array<FieldChange>, draft: unknown, isNew: boolean, staff: string, at: string, isWithdrawn: boolean, };
export type Link = "online" | "offline" | "syncing" | "loading" | "refused";
export type SyncStatus = { link: Link, waiting: number, held: number, conflicts: number, syncedAt: string | null, progress: [number, number] | null, trouble: Problem | null, clockAheadS: number | null, numbersLeft: number, replicaBytes: number, notice: Problem | null, };
export type Session = { staff: Staff, roles: Array<Role>, ward: string, device: number, };
export type DeskState = { ward: string | null, wardName: string | null, hospital: string | null, deviceName: string | null, knownStaff: Array<Staff>, session: Session | null, };
export type Checked = { problems: Array<Problem>, warnings: Array<Problem>, };
