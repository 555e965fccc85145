import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Backend, Changed, Outcome } from './index';
import { problemsOf } from './problems';
import type { SaveAnswer, SyncStatus } from './types.gen';

/** The backend of the window: every method is a command of the desktop program. */
export const tauriBackend: Backend = {
  desk: () => invoke('desk'),
  reference: () => invoke('reference'),
  enrol: (hub, code, name) => outcome(invoke('enrol', { hub, code, name })),
  signIn: (username, password, newPassword = null) => outcome(invoke('sign_in', { username, password, newPassword })),
  signOut: () => invoke('sign_out'),
  touch: async () => (await outcome(invoke('touch'))).ok,
  list: (ask) => invoke('list', { ask }),
  search: (text, limit) => invoke('search', { text, limit }),
  likely: (draft) => invoke('likely', { draft }),
  row: (kind, id) => invoke('row', { kind, id }),
  chart: (patient) => invoke('chart', { patient }),
  day: (ward, date) => invoke('day', { ward, date }),
  diary: (ask) => invoke('diary', { ask }),
  free: (ask) => invoke('free', { ask }),
  rebooking: () => invoke('rebooking'),
  unresolved: (ward) => invoke('unresolved', { ward }),
  check: (kind, draft, id) => invoke('check', { kind, draft, id }),
  save: (ask) => answer(invoke('save', { ask })),
  sign: (id, heads) => answer(invoke('sign', { id, heads })),
  resolve: (kind, id, path, value, heads) => answer(invoke('resolve', { kind, id, path, value, heads })),
  history: (kind, id) => invoke('history', { kind, id }),
  auditTrail: (patient) => invoke('audit_trail', { patient }),
  auditChain: () => invoke('audit_chain'),
  auditLog: (password, run) => outcome(invoke('audit_log', { password, run })),
  printed: (patient) => invoke('printed', { patient }),
  printSlip: (appointment, language) => outcome(invoke('print_slip', { appointment, language })),
  printDayList: (practitioner, date, language) => outcome(invoke('print_day_list', { practitioner, date, language })),
  conflicts: (kind, id) => invoke('conflicts', { kind, id }),
  conflictList: () => invoke('conflict_list'),
  waiting: () => invoke('waiting'),
  held: () => invoke('held'),
  withdraw: (held) => invoke('withdraw', { held }),
  restore: (held) => invoke('restore', { held }),
  status: () => invoke('status'),
  syncNow: () => invoke('sync_now'),
  breakGlass: (password, reason) => outcome(invoke('break_glass', { password, reason })),
  emergency: () => invoke('emergency'),
  emergencySearch: (text) => outcome(invoke('emergency_search', { text })),
  emergencySummary: (patient) => outcome(invoke('emergency_summary', { patient })),
  emergencyNote: (patient, text) => outcome(invoke('emergency_note', { patient, text })),
  endEmergency: () => invoke('end_emergency'),
  reviewEmergency: (password, review) => outcome(invoke('review_emergency', { password, review })),
  money: {
    account: (patient) => invoke('account', { patient }),
    unposted: () => invoke('unposted'),
    take: (ask) => outcome(invoke('take_money', { ask })),
    voidReceipt: (id, number, reason) => outcome(invoke('void_receipt', { id, number, reason })),
    printReceipt: (number, language) => outcome(invoke('print_receipt', { number, language })),
    printBill: (bill, language) => outcome(invoke('print_bill', { bill, language })),
  },
  onChanged: (listener) => {
    const stops = [
      subscribe<Changed>('record-changed', listener),
      subscribe<unknown>('reloaded', () => listener(null)),
    ];
    return () => stops.forEach((stop) => stop());
  },
  onStatus: (listener) => subscribe<SyncStatus>('sync-status', listener),
};

function subscribe<T>(event: string, listener: (payload: T) => void): () => void {
  const stop = listen<T>(event, ({ payload }) => listener(payload));
  return () => void stop.then((end) => end());
}

async function outcome<T>(call: Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await call };
  } catch (reason) {
    return { ok: false, problems: problemsOf(reason) };
  }
}

async function answer(call: Promise<SaveAnswer>): Promise<SaveAnswer> {
  try {
    return await call;
  } catch (reason) {
    return { outcome: 'problems', problems: problemsOf(reason) };
  }
}
