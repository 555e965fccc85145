import { asAppointment, asPatient, asPrescription, isStruck, shownName } from '../parts/records';
import type { Checked, Grade, Kind, Likely, Line, Patient, Prescription, Problem, Reason, Row, SaveAnswer, Standing } from './types.gen';

/** The made-up hospital judges drafts as `shared/` does. Tests only: the window itself holds no rule. */

const problem = (code: string, field: string, blanks: Problem['with'] = {}): Problem => ({ code, field, with: blanks });
const blank = (text: string | null | undefined) => !text?.trim();

function unless(holds: boolean, code: string, field: string, blanks?: Problem['with']): Problem[] {
  return holds ? [] : [problem(code, field, blanks)];
}

export function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').replace(/['\u2019]/g, '').replace(/ß/g, 'ss').replace(/[øØ]/g, 'o').replace(/[łŁ]/g, 'l')
    .replace(/([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3])/g, ' $1 ')
    .toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
}

export function searchText(patient: Patient): string {
  return ` ${fold([
    ...patient.name.flatMap((name) => [name.family, name.given]),
    patient.mrn, patient.nationalId, patient.birthDate?.replaceAll('-', ''),
    ...patient.telecom.map((phone) => phone.value?.replace(/\D/g, '')),
  ].filter(Boolean).join(' '))}`;
}

export function searchTerms(text: string): string[] {
  const joined = text.split(/\s+/).map((word) => (/^[\d\-./+()]+$/.test(word) ? word.replace(/\D/g, '') : word)).join(' ');
  return fold(joined).split(' ').filter(Boolean).map((word) => ` ${word}`);
}

export function sortName(patient: Patient): string {
  const name = shownName(patient);
  return fold(`${name?.family ?? ''} ${name?.given ?? ''}`);
}

/** A little of what the desk knows: the same birth date, and the same words in the name or the same phone. */
export function likely(draft: Patient, rows: Row[]): Likely[] {
  const words = (patient: Patient) => sortName(patient).split(' ').sort().join(' ');
  const phones = (patient: Patient) => patient.telecom.map((phone) => (phone.value ?? '').replace(/\D/g, '').slice(-9)).filter((end) => end.length > 6);
  return rows.flatMap((row) => {
    const other = asPatient(row.body);
    const isNamed = words(other) === words(draft);
    const isCalled = phones(other).some((phone) => phones(draft).includes(phone));
    if (!draft.birthDate || draft.birthDate !== other.birthDate || !(isNamed || isCalled)) return [];
    const reasons: Reason[] = [...(isNamed ? ['familySame', 'givenSame'] as const : []), 'birthSame', ...(isCalled ? ['phoneSame'] as const : [])];
    const against: Reason[] = [...(isNamed ? [] : ['givenDiffers'] as const), ...(draft.gender && other.gender && draft.gender !== other.gender ? ['genderDiffers'] as const : [])];
    const grade: Grade = !isNamed ? 'possible' : isCalled ? 'certain' : 'probable';
    return [{ row, likeness: { grade, reasons, against, decibans: 10 * reasons.length } }];
  }).sort((a, b) => b.likeness.decibans - a.likeness.decibans).slice(0, 5);
}

export function check(kind: Kind, body: unknown, patientOf: (id: string) => Patient | null, today: string): Checked {
  switch (kind) {
    case 'patient': return { problems: checkPatient(asPatient(body), today), warnings: [] };
    case 'appointment': return { problems: checkAppointment(body), warnings: [] };
    case 'prescription': {
      const prescription = asPrescription(body);
      const patient = prescription.patient ? patientOf(prescription.patient) : null;
      return { problems: checkPrescription(prescription), warnings: patient ? warnings(prescription, patient) : [] };
    }
  }
}

function checkPatient(patient: Patient, today: string): Problem[] {
  const birth = patient.birthDate;
  return [
    ...unless(shownName(patient) !== null, 'patient.name_required', 'name'),
    ...unless(patient.notes.length <= 20_000, 'too_long', 'notes', { max: '20000' }),
    ...unless((patient.bed ?? '').length <= 20, 'too_long', 'bed', { max: '20' }),
    ...(birth === null ? [] : !/^\d{4}(-\d{2}(-\d{2})?)?$/.test(birth) ? [problem('birth_date.invalid', 'birthDate')] : [
      ...unless(birth >= '1880', 'birth_date.too_old', 'birthDate'),
      ...unless(birth <= today, 'birth_date.in_future', 'birthDate'),
    ]),
    ...patient.telecom.filter((phone) => !phone.ended).flatMap((phone) => {
      const digits = (phone.value ?? '').replace(/\D/g, '').length;
      return unless(digits >= 3 && digits <= 20, 'phone.invalid', `telecom/${phone.id}/value`);
    }),
    ...patient.allergy.flatMap((allergy) => [
      ...unless(!blank(allergy.substance), 'allergy.substance_required', `allergy/${allergy.id}/substance`),
      ...unless(!isStruck(allergy) || !blank(allergy.strikeReason), 'allergy.reason_required', `allergy/${allergy.id}/strikeReason`),
    ]),
    ...patient.alert.flatMap((alert) => unless(!blank(alert.text), 'required', `alert/${alert.id}/text`)),
  ];
}

function checkAppointment(body: unknown): Problem[] {
  const appointment = asAppointment(body);
  const fields = ['patient', 'practitioner', 'department', 'ward', 'start'] as const;
  return [
    ...fields.flatMap((field) => unless(appointment[field] !== null, 'required', field)),
    ...unless(appointment.minutes !== null && appointment.minutes >= 5 && appointment.minutes <= 480, 'minutes.invalid', 'minutes'),
    ...unless(appointment.status !== 'cancelled' || !blank(appointment.cancelReason), 'appointment.reason_required', 'cancelReason'),
    ...unless((appointment.reason ?? '').length <= 500, 'too_long', 'reason', { max: '500' }),
  ];
}

function checkPrescription(prescription: Prescription): Problem[] {
  return [
    ...unless(prescription.patient !== null, 'required', 'patient'),
    ...unless(prescription.line.length > 0, 'prescription.line_required', 'line'),
    ...unless(prescription.status !== 'stopped' || !blank(prescription.stopReason), 'prescription.reason_required', 'stopReason'),
    ...prescription.line.flatMap(checkLine),
    ...(prescription.status === 'active' ? prescription.line.flatMap(checkOrder) : []),
  ];
}

function checkLine(line: Line): Problem[] {
  const at = (member: string) => `line/${line.id}/${member}`;
  const isDose = /^\d{1,6}(\.\d{1,3})?$/.test(line.dose ?? '') && /[1-9]/.test(line.dose ?? '');
  return [
    ...unless(!blank(line.medicine), 'line.medicine_required', at('medicine')),
    ...unless(line.dose === null || isDose, 'line.dose_invalid', at('dose')),
    ...unless(line.days === null || (line.days >= 1 && line.days <= 366), 'line.days_invalid', at('days')),
  ];
}

/** What nobody may guess when a medicine is given; a draft may be unfinished. */
function checkOrder(line: Line): Problem[] {
  return [
    ...unless(line.dose !== null, 'line.dose_invalid', `line/${line.id}/dose`),
    ...(['unit', 'route', 'frequency'] as const).flatMap((member) => unless(line[member] !== null, 'required', `line/${line.id}/${member}`)),
  ];
}

function warnings(prescription: Prescription, patient: Patient): Problem[] {
  const long = (text: string | null) => fold(text ?? '').split(' ').filter((word) => word.length >= 4);
  return prescription.line.flatMap((line) => patient.allergy.filter((allergy) => !isStruck(allergy)).flatMap((allergy) => {
    const meets = long(line.medicine).some((a) => long(allergy.substance).some((b) => a.startsWith(b) || b.startsWith(a)));
    return unless(!meets, 'line.allergy', `line/${line.id}/medicine`, { substance: allergy.substance ?? '' });
  }));
}

export function digestOf(body: unknown): string {
  const { patient, line, notes } = asPrescription(body);
  return JSON.stringify({ patient, line, notes });
}

export function standingOf(body: unknown): Standing {
  const { signature } = asPrescription(body);
  if (signature.length === 0) return 'unsigned';
  return signature.some((one) => one.digest === digestOf(body)) ? 'signed' : 'changedSinceSigned';
}

/** Eight digits and a Luhn check digit. */
export function mrn(serial: number): string {
  const digits = String(serial).padStart(8, '0');
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 === 0 ? 2 : 1);
    return total + Math.floor(value / 10) + (value % 10);
  }, 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

/** What the desk sets for paper, with nothing on it. */
export const blankPage = '<svg xmlns="http://www.w3.org/2000/svg" width="595" height="420"/>';

export function refused(code: string, field: string): { ok: false; problems: Problem[] } {
  return { ok: false, problems: [{ code, field, with: {} }] };
}

export function problems(code: string, field: string): SaveAnswer {
  return { outcome: 'problems', problems: [{ code, field, with: {} }] };
}

export function member(row: Row, name: string): string {
  return String((row.body as Record<string, unknown>)[name] ?? '');
}
