import type { HealthCheck, HealthFinding } from '../backend/types.gen';
import type { Word } from '../parts/words';

/** What to do step by step, by name; the steps are words. */
export const runbooks = { staleDesk: 5, stuckChange: 4, restoredHub: 6, fullDisk: 5 } as const;
export type Runbook = keyof typeof runbooks;
export const runbookNames = Object.keys(runbooks) as Runbook[];

export function isRunbook(name: string): name is Runbook {
  return Object.hasOwn(runbooks, name);
}

export function stepsOf(name: Runbook): Word[] {
  return Array.from({ length: runbooks[name] }, (_, n) => `runbook.${name}.step${n + 1}` as Word);
}

const byCheck: Record<HealthCheck, Runbook | null> = {
  database: 'restoredHub', disk: 'fullDisk', backup: 'restoredHub', audit: null, events: 'stuckChange', decisions: 'stuckChange', held: 'stuckChange', desks: 'staleDesk',
  copies: 'staleDesk', certificates: 'staleDesk', put_back: 'restoredHub',
};
const byCode: Partial<Record<string, Runbook | null>> = {
  'health.desks_full': 'fullDisk', 'health.desks_version': null, 'health.desks_stopped': null, 'health.desks_pending': null, 'health.certificates_authority': null,
  'health.running_away': null, 'health.running_behind': null, 'health.running_copy_none': null, 'health.running_copy_late': null, 'health.running_full': null, 'health.running_hole': 'fullDisk',
};

/** The steps that belong to a finding; none for what is in order. */
export function runbookOf({ check, grade, said }: HealthFinding): Runbook | null {
  if (grade === 'ok') return null;
  const special = byCode[said.code];
  return special === undefined ? byCheck[check] : special;
}
