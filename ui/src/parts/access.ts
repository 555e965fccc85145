import type { Kind, Role } from '../backend/types.gen';

/**
 * Which buttons to offer. A courtesy, not a lock: the desk and the hospital's server ask `shared/src/access.rs` again.
 * `all`, or the first path segments that the role may write, or all but the clinical ones.
 */
const clinical = ['allergy', 'noKnownAllergies', 'alert', 'bloodGroup', 'notes', 'deceased'];

type Extent = 'all' | 'none' | 'notClinical' | readonly string[];

const mayWriteTable: Record<Role, Record<Kind, Extent>> = {
  doctor: { patient: 'all', appointment: 'all', prescription: 'all' },
  nurse: { patient: 'all', appointment: 'all', prescription: 'none' },
  reception: { patient: 'notClinical', appointment: 'all', prescription: 'none' },
  pharmacist: { patient: ['allergy', 'noKnownAllergies'], appointment: 'none', prescription: 'none' },
  manager: { patient: 'notClinical', appointment: 'notClinical', prescription: 'none' },
  lab: { patient: 'none', appointment: 'none', prescription: 'none' },
  billing: { patient: 'none', appointment: 'none', prescription: 'none' },
  admin: { patient: 'none', appointment: 'none', prescription: 'none' },
  auditor: { patient: 'none', appointment: 'none', prescription: 'none' },
};

const mayReadTable: Record<Role, readonly Kind[]> = {
  doctor: ['patient', 'appointment', 'prescription'],
  nurse: ['patient', 'appointment', 'prescription'],
  pharmacist: ['patient', 'appointment', 'prescription'],
  manager: ['patient', 'appointment', 'prescription'],
  auditor: ['patient', 'appointment', 'prescription'],
  reception: ['patient', 'appointment'],
  billing: ['patient', 'appointment'],
  lab: ['patient'],
  admin: [],
};

export function mayRead(roles: readonly Role[], kind: Kind): boolean {
  return roles.some((role) => mayReadTable[role].includes(kind));
}

/** Says whether a field may be written. */
export function mayWrite(roles: readonly Role[], kind: Kind, field: string): boolean {
  return roles.some((role) => {
    const extent = mayWriteTable[role][kind];
    switch (extent) {
      case 'all': return true;
      case 'none': return false;
      case 'notClinical': return !clinical.includes(field);
      default: return extent.includes(field);
    }
  });
}
