import { access, tasks, type Kind, type Role } from '../backend/types.gen';

/** Which buttons to offer. A courtesy, not a lock: the desk and the hospital's server ask `shared/src/access` again. */

export function mayRead(roles: readonly Role[], kind: Kind): boolean {
  return roles.some((role) => access[role][kind].reads);
}

/** Says whether somebody may see who looked at a chart. */
export function mayReadAudit(roles: readonly Role[]): boolean {
  return mayDo(roles, 'audit');
}

export type Task = 'overview' | 'notices' | 'audit' | 'held' | 'conflicts' | 'merge' | 'console' | 'emergency' | 'emergency_review' | 'audit_search' | 'devices' | 'staff' | 'wards' | 'prices' | 'settings' | 'hours' | 'cashier' | 'refund_agree' | 'books' | 'books_keep' | 'insurance';

/** Says whether somebody may do a task, by its word in the table. */
export function mayDo(roles: readonly Role[], task: Task): boolean {
  return roles.some((role) => tasks[role].includes(task));
}

/** Says whether a field may be written. */
export function mayWrite(roles: readonly Role[], kind: Kind, field: string): boolean {
  return roles.some((role) => access[role][kind].writes.includes(field));
}
