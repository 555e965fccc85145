import type { ConsoleNews, ConsolePerson } from '../backend/types.gen';
import { Refused, type About, type ConsoleBackend } from './backend';
import { adminBackend } from './admin/http';
import { moneyBackend } from './money/http';
import { noticesBackend } from './notices/http';
import { overviewBackend } from './overview/http';
import { file, get, outcome, post } from './wire';

/** The console's backend in a browser: the routes of the hub below `/console/v1`. */
export const httpBackend: ConsoleBackend = {
  door: () => get('door'),
  me: async () => {
    try {
      return await get<ConsolePerson>('me');
    } catch (reason) {
      // nobody, or somebody who lost their role meanwhile
      if (reason instanceof Refused && [401, 403].includes(reason.status)) return null;
      throw reason;
    }
  },
  signIn: (username, password, code, newPassword) => outcome(post('sign-in', { username, password, code, newPassword })),
  signOut: async () => void (await outcome(post('sign-out', {}))),
  reference: () => get('reference'),
  held: (isAll, after) => get('held', { state: isAll ? 'all' : null, after }),
  heldOne: (hash) => get('held/one', { hash }),
  decideHeld: (hash, refusal) => outcome(post('held/decide', { hash, refusal })),
  conflicts: (narrow, after) => get('conflicts', { ...narrow, after }),
  conflictOne: (hash) => get('conflicts/one', { hash }),
  settleConflicts: (ids, choice) => outcome(post('conflicts/settle', { ids, choice })),
  undoConflicts: (ids) => outcome(post('conflicts/undo', { ids })),
  ownConflicts: (ids, isMine) => outcome(post('conflicts/own', { ids, isMine })),
  pair: (one, other) => get('patients/pair', { one, other }),
  mergePatients: (gone, kept) => outcome(post('patients/merge', { gone, kept })),
  partPatients: (gone, kept) => outcome(post('patients/part', { gone, kept })),
  devices: (ward, after) => get('devices', { ward, after }),
  approveDevice: (device) => outcome(post('devices/approve', { device })),
  orderDevice: (device, order, name) => outcome(post('devices/order', { device, order, name })),
  staff: (after) => get('staff', { after }),
  setActive: (username, isActive) => outcome(post('staff/active', { username, isActive })),
  setHours: (base, draft) => outcome(post('hours', { base, draft })),
  log: (about, before) => get('audit', { ...searchOf(about), before }),
  look: (run) => outcome(post('audit/look', { run })),
  openings: () => get('emergency'),
  review: (review) => outcome(post('emergency/review', review)),
  health: () => get('health'),
  supportFile: () => outcome(file('health/file')),
  events: () => get('events'),
  eventAgain: (ask) => outcome(post('events/again', ask)),
  admin: adminBackend,
  money: moneyBackend,
  notices: noticesBackend,
  overview: overviewBackend,
  onNews,
};

function searchOf(about: About): Record<string, string> {
  if (about === 'all') return {};
  return about === 'alarms' ? { alarms: 'only' } : about;
}

/** The browser begins again by itself after the line was lost; the server then says that everything may have changed. */
function onNews(listener: (news: ConsoleNews | null) => void): () => void {
  const source = new EventSource('/console/v1/live');
  source.addEventListener('news', (event) => listener((event as MessageEvent<ConsoleNews>).data));
  source.addEventListener('error', () => {
    listener(null);
    // one that was refused is not begun again: the session is over, or will be found to be by the next call
    if (source.readyState === EventSource.CLOSED) again = setTimeout(() => { stop = onNews(listener); }, 5_000);
  });
  let again: ReturnType<typeof setTimeout> | undefined;
  let stop: () => void = () => undefined;
  return () => {
    clearTimeout(again);
    stop();
    source.close();
  };
}
