import type {
  Address, Alert, Allergy, Appointment, Contact, ContactPoint, HumanName, Line, Patient, Prescription,
} from '../backend/types.gen';

/** A body may lack what was never written: these put the blanks in, so that screens need not ask. */

export const emptyName: HumanName = {
  id: '', use: 'official', script: null, family: null, given: null, prefix: null, ended: null,
};
export const emptyPhone: ContactPoint = { id: '', use: 'mobile', value: null, ended: null };
export const emptyAddress: Address = {
  id: '', use: 'home', line: null, city: null, postalCode: null, country: null, ended: null,
};
export const emptyContact: Contact = { id: '', name: null, relationship: null, phone: null, ended: null };
export const emptyAllergy: Allergy = {
  id: '', substance: null, reaction: null, criticality: 'unable-to-assess', verification: 'unconfirmed', strikeReason: null,
};
export const emptyAlert: Alert = { id: '', text: null, ended: null };
export const emptyLine: Line = {
  id: '', medicine: null, dose: null, unit: 'mg', route: 'oral', frequency: 'QD', days: null, prn: null, prnReason: null,
  instructions: null, ended: null,
};

export const emptyPatient: Patient = {
  mrn: null, nationalId: null, name: [], birthDate: null, gender: null, bloodGroup: null, telecom: [], address: [],
  contact: [], allergy: [], noKnownAllergies: null, alert: [], ward: null, bed: null, deceased: null, link: [], notes: '',
};
export const emptyAppointment: Appointment = {
  patient: null, practitioner: null, department: null, ward: null, start: null, minutes: null, status: 'booked', priority: 'routine', reason: null,
  cancelReason: null, move: [], arrived: null, queue: null, lost: null, offer: [], notes: '',
};
export const emptyPrescription: Prescription = {
  patient: null, ward: null, status: 'draft', authoredOn: null, stopReason: null, line: [], signature: [], notes: '',
};

function filled<T extends object>(empty: T, body: unknown): T {
  const given = Object.entries((body ?? {}) as object).filter(([, value]) => value !== undefined && value !== null);
  return { ...empty, ...Object.fromEntries(given) } as T;
}

function filledList<T extends object>(empty: T, list: unknown): T[] {
  return Array.isArray(list) ? list.map((element) => filled(empty, element)) : [];
}

export function asPatient(body: unknown): Patient {
  const patient = filled(emptyPatient, body);
  return {
    ...patient,
    name: filledList(emptyName, patient.name),
    telecom: filledList(emptyPhone, patient.telecom),
    address: filledList(emptyAddress, patient.address),
    contact: filledList(emptyContact, patient.contact),
    allergy: filledList(emptyAllergy, patient.allergy),
    alert: filledList(emptyAlert, patient.alert),
    notes: patient.notes ?? '',
  };
}

export function asAppointment(body: unknown): Appointment {
  const appointment = filled(emptyAppointment, body);
  return { ...appointment, move: appointment.move ?? [], offer: appointment.offer ?? [], notes: appointment.notes ?? '' };
}

export function asPrescription(body: unknown): Prescription {
  const prescription = filled(emptyPrescription, body);
  return {
    ...prescription,
    line: filledList({ ...emptyLine, unit: null, route: null, frequency: null }, prescription.line),
    signature: prescription.signature ?? [],
    notes: prescription.notes ?? '',
  };
}

export function holds(element: { ended: string | null }, now: string = new Date().toISOString()): boolean {
  return element.ended === null || element.ended > now;
}

export function isStruck(allergy: Allergy): boolean {
  return allergy.verification === 'refuted' || allergy.verification === 'entered-in-error';
}

/** The name to show: the official one, else the first that still holds. Mirrors the order of the ward's list. */
export function shownName(patient: Patient): HumanName | null {
  const usable = patient.name.filter((name) => !name.ended && (name.family?.trim() || name.given?.trim()));
  return usable.find((name) => name.use === 'official') ?? usable[0] ?? null;
}

/** FAMILY NAME, Given — as on the ward's lists. */
export function nameText(name: HumanName | null): string {
  if (!name) return '';
  const given = [name.given?.trim(), name.prefix?.trim() && `(${name.prefix.trim()})`].filter(Boolean).join(' ');
  return [name.family?.trim().toLocaleUpperCase(), given].filter(Boolean).join(', ');
}
