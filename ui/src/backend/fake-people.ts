import { addDays } from '../parts/dates';
import { instantOf, wallOf } from '../parts/zone';
import { mrn } from './fake-rules';
import type { Reference, Schedule, Staff } from './types.gen';

/** A made-up hospital from a seed: nobody in it exists. */

export const wardA = '01920000-0000-7000-8000-00000000000a';
export const wardB = '01920000-0000-7000-8000-00000000000b';
const departmentId = (n: number) => `01920000-0000-7000-8000-0000000001${String(n).padStart(2, '0')}`;
const staffId = (n: number) => `01920000-0000-7000-8000-0000000002${String(n).padStart(2, '0')}`;

const staff: Staff[] = [
  { id: staffId(1), username: 'ada', name: 'Ada Okafor', roles: ['nurse'], departments: [], isActive: true },
  { id: staffId(2), username: 'musa', name: 'Dr Ibrahim Musa', roles: ['doctor'], departments: [departmentId(1), departmentId(2)], isActive: true },
  { id: staffId(3), username: 'jonas', name: 'Jonas Weber', roles: ['reception'], departments: [], isActive: true },
  { id: staffId(4), username: 'lin', name: 'Dr Mei Lin', roles: ['doctor'], departments: [departmentId(1)], isActive: true },
  { id: staffId(5), username: 'rossi', name: 'Dr Chiara Rossi', roles: ['doctor'], departments: [departmentId(2), departmentId(3)], isActive: true },
  { id: staffId(6), username: 'farah', name: 'Farah Haddad', roles: ['pharmacist'], departments: [], isActive: true },
  { id: staffId(7), username: 'vera', name: 'Vera Novak', roles: ['auditor'], departments: [], isActive: true },
  { id: staffId(9), username: 'paul', name: 'Paul Mercier', roles: ['billing'], departments: [], isActive: true },
  { id: staffId(8), username: 'mona', name: 'Mona Adler', roles: ['manager', 'nurse'], departments: [], isActive: true },
];

const nineTo = (to: string) => Array.from({ length: 7 }, () => [{ from: '09:00:00', to }]);
const dayAfter = (days: number) => addDays(wallOf(Date.now(), 'Europe/London').date, days);

/** The made-up hospital sees patients every day, so that there is always something to look at. */
const schedules: Schedule[] = [
  { practitioner: staffId(2), departments: [departmentId(1), departmentId(2)], hours: nineTo('17:00:00'), breaks: [{ from: '13:00:00', to: '13:30:00' }], leave: [] },
  { practitioner: staffId(4), departments: [departmentId(1)], hours: nineTo('18:00:00'), breaks: [{ from: '12:00:00', to: '13:00:00' }], leave: [[dayAfter(1), dayAfter(1)]] },
  { practitioner: staffId(5), departments: [departmentId(2), departmentId(3)], hours: nineTo('16:00:00'), breaks: [], leave: [] },
];

export const reference: Reference = {
  version: 1, hospital: 'St Columba’s Hospital', zone: 'Europe/London',
  wards: [{ id: wardA, name: 'Amber ward' }, { id: wardB, name: 'Birch ward' }],
  departments: [
    { id: departmentId(1), name: 'Cardiology', ward: wardA },
    { id: departmentId(2), name: 'General medicine', ward: wardA },
    { id: departmentId(3), name: 'Paediatrics', ward: wardB },
  ],
  staff,
  medicines: ['Amlodipine', 'Amoxicillin', 'Aspirin', 'Atorvastatin', 'Bisoprolol', 'Codeine', 'Furosemide', 'Ibuprofen',
    'Insulin glargine', 'Lisinopril', 'Metformin', 'Morphine', 'Omeprazole', 'Paracetamol', 'Penicillin V', 'Ramipril',
    'Salbutamol', 'Warfarin'],
  schedules,
  closed: { wards: [], departments: [] },
};

export const people = { ada: staffId(1), musa: staffId(2), jonas: staffId(3), lin: staffId(4), rossi: staffId(5), mona: staffId(8) };

const families = ['García López', 'Okonkwo', 'Smith', 'O’Brien', 'Nguyễn', 'Kowalska', 'Papadopoulou', 'Müller', 'Haddad', 'Tanaka',
  'Fernández', 'Johansson', 'Adeyemi', 'Singh', 'Rossi', 'Novák', 'Dubois', 'Ivanova', 'Mensah', 'Campbell'];
const givens = ['María', 'Chidi', 'Emily', 'Seán', 'Thị Mai', 'Zofia', 'Eleni', 'Jürgen', 'Layla', 'Yuki', 'Luis', 'Elsa', 'Tunde',
  'Harpreet', 'Giulia', 'Petr', 'Camille', 'Irina', 'Kwame', 'Fiona'];
const native: Record<number, { script: string; family: string; given: string }> = {
  6: { script: 'Grek', family: 'Παπαδοπούλου', given: 'Ελένη' },
  8: { script: 'Arab', family: 'حداد', given: 'ليلى' },
  9: { script: 'Jpan', family: '田中', given: '有紀' },
  17: { script: 'Cyrl', family: 'Иванова', given: 'Ирина' },
};
const reasons = ['Chest pain follow-up', 'Blood pressure review', 'New patient', 'Results', 'Medication review', null];

/** Numbers that look random and are the same every time. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
}

export const patientId = (n: number) => `01930000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const two = (n: number) => String(n).padStart(2, '0');

export function samplePatient(n: number, next: (below: number) => number): object {
  const family = n === 0 ? 0 : next(families.length);
  const given = n === 0 ? 0 : next(givens.length);
  const second = next(families.length);
  const born = n === 0 ? '1984-03-05' : `${1930 + next(90)}-${two(1 + next(12))}-${two(1 + next(28))}`;
  const other = native[family];
  const isFew = n < 400;
  return {
    mrn: mrn(100 + n),
    nationalId: n % 3 === 0 ? `943 ${100 + next(900)} ${1000 + next(9000)}` : null,
    name: [
      { use: 'official', script: 'Latn', family: n % 4 === 1 && n > 20 ? `${families[family]} ${families[second]}` : families[family], given: givens[given], prefix: null },
      ...(other ? [{ use: 'usual', script: other.script, family: other.family, given: other.given }] : []),
    ],
    birthDate: n % 17 === 5 ? born.slice(0, 4) : born,
    gender: n === 0 ? 'female' : ['female', 'male', 'female', 'male', 'unknown'][next(5)],
    bloodGroup: ['O+', 'A+', 'B+', null, 'AB-'][next(5)],
    telecom: [{ use: 'mobile', value: `+44 7700 900${100 + next(900)}` }],
    address: isFew ? [{ use: 'home', line: `${1 + next(200)} Harbour Street`, city: 'Leith', postalCode: `EH6 ${1 + next(8)}AB`, country: 'GB' }] : [],
    contact: isFew && n % 2 === 0 ? [{ name: `${givens[next(givens.length)]} ${families[family]}`, relationship: 'spouse', phone: '+44 7700 900222' }] : [],
    ...allergies(n),
    alert: n % 9 === 0 ? [{ text: 'Fall risk: two people to stand' }] : [],
    ward: wardA,
    bed: n < 24 ? `A-${two(n + 1)}` : null,
    notes: n === 0 ? 'Prefers to be called Mari.\nHard of hearing on the left side.' : '',
  };
}

function allergies(n: number): object {
  if (n % 5 === 0) {
    return { allergy: [{ substance: 'Penicillin', reaction: 'Rash and swelling of the face', criticality: 'high', verification: 'confirmed' }] };
  }
  return n % 3 === 0 ? { noKnownAllergies: true } : {};
}

/** The visits of one day in the hospital's zone. */
export function sampleVisits(day: string): object[] {
  const doctors = [people.musa, people.lin, people.rossi];
  const statuses = ['fulfilled', 'fulfilled', 'noshow', 'checked-in', 'arrived', 'arrived', 'booked', 'booked', 'booked', 'booked', 'cancelled', 'booked'];
  return statuses.map((status, n) => {
    const time = `${two(9 + Math.floor(n / 2))}:${n % 2 === 0 ? '00' : '30'}`;
    const doctor = doctors[n % 3]!;
    return {
      patient: patientId(n), practitioner: doctor, department: departmentId(doctor === people.rossi ? 2 : 1), ward: wardA,
      start: instantOf(day, time, reference.zone), minutes: 30, status, reason: reasons[n % reasons.length],
      ...(['arrived', 'checked-in', 'fulfilled'].includes(status) ? { arrived: new Date(Date.now() - (50 - n * 7) * 60_000).toISOString(), queue: n + 1 } : {}),
      ...(status === 'cancelled' ? { cancelReason: 'Patient rang: cannot come today' } : {}),
    };
  });
}

export function samplePrescription(patient: string): object {
  return {
    patient, ward: wardA, status: 'active', authoredOn: '2026-11-02T10:15:00Z',
    line: [
      { medicine: 'Bisoprolol', dose: '2.5', unit: 'mg', route: 'oral', frequency: 'AM', days: 28 },
      { medicine: 'Paracetamol', dose: '1', unit: 'g', route: 'oral', frequency: 'Q6H', prn: true, prnReason: 'pain', instructions: 'Not more than 4 g in a day' },
    ],
  };
}
