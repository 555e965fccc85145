import type { Kind } from '../backend/types.gen';
import { useNames, useReference } from './context';
import { showDate } from './dates';
import { useWords } from './words';
import { wallOf } from './zone';

/** How the value at a path of a record reads, in words. For history, held work and conflicts. */

const sets: Record<string, string> = {
  gender: 'Gender', 'name/use': 'NameUse', 'telecom/use': 'ContactUse', 'address/use': 'AddressUse',
  'allergy/criticality': 'Criticality', 'allergy/verification': 'Verification', 'line/unit': 'Unit', 'line/route': 'Route',
  'line/frequency': 'Frequency',
};
const dates = ['birthDate', 'deceased'];
const instants = ['start', 'authoredOn', 'move/from', 'move/to', 'signature/at'];
const silent = ['patient', 'signature/heads', 'signature/digest', 'mrn', 'serial'];

function plain(path: string): string {
  const [list = '', , member] = path.split('/');
  return member ? `${list}/${member}` : list;
}

/** Fields that tell a person nothing, such as a digest. */
export function isSilent(path: string): boolean {
  return silent.includes(plain(path));
}

export function useValueText() {
  const t = useWords();
  const names = useNames();
  const { zone } = useReference();

  function instant(value: string): string {
    const { date, time } = wallOf(value, zone);
    return date ? `${showDate(date, t.months)} ${time}` : value;
  }

  return (kind: Kind, path: string, value: unknown): string => {
    const key = plain(path);
    if (value === null || value === undefined || value === '') return t('value.blank');
    if (typeof value === 'boolean') return value ? t('yes') : t('no');
    const text = String(value);
    if (key.endsWith('/ended')) return t('value.endedOn', { when: instant(text) });
    if (key === 'status') return t.of(kind === 'appointment' ? 'AppointmentStatus' : 'PrescriptionStatus', text);
    if (sets[key]) return t.of(sets[key], text);
    if (dates.includes(key)) return showDate(text, t.months);
    if (instants.includes(key)) return instant(text);
    if (key === 'minutes') return t('value.minutes', { n: text });
    if (key === 'ward') return names.ward(text) || text;
    if (key === 'department') return names.department(text) || text;
    if (key === 'practitioner' || key === 'signature/staff') return names.staff(text) || text;
    return text;
  };
}
