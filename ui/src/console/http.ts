import type { Outcome } from '../backend';
import type { ConsoleNews, ConsolePerson, Problem } from '../backend/types.gen';
import { Refused, type About, type ConsoleBackend } from './backend';

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
  signIn: (username, password, code) => outcome(post('sign-in', { username, password, code })),
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
  devices: (after) => get('devices', { after }),
  approveDevice: (device) => outcome(post('devices/approve', { device })),
  orderDevice: (device, order, name) => outcome(post('devices/order', { device, order, name })),
  staff: (after) => get('staff', { after }),
  setActive: (username, isActive) => outcome(post('staff/active', { username, isActive })),
  setHours: (base, draft) => outcome(post('hours', { base, draft })),
  log: (about, before) => get('audit', { ...searchOf(about), before }),
  look: (run) => outcome(post('audit/look', { run })),
  openings: () => get('emergency'),
  review: (review) => outcome(post('emergency/review', review)),
  onNews,
};

const unreachable: Problem = { code: 'console.unreachable', field: '', with: {} };

function searchOf(about: About): Record<string, string> {
  if (about === 'all') return {};
  return about === 'alarms' ? { alarms: 'only' } : about;
}

function get<T>(path: string, asked: Record<string, string | null> = {}): Promise<T> {
  const pairs = Object.entries(asked).filter((pair): pair is [string, string] => pair[1] !== null);
  const search = pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : '';
  return call(`/console/v1/${path}${search}`, { method: 'GET' });
}

function post<T>(path: string, body: unknown): Promise<T> {
  // no form of another site can send this header
  const headers = { 'content-type': 'application/json', 'x-wardbook-console': '1' };
  return call(`/console/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, credentials: 'same-origin', redirect: 'error' });
  } catch {
    throw new Refused(0, [unreachable]);
  }
  const text = await answer.text();
  const said = parse(text);
  if (answer.ok) return said as T;
  const problems = (said as { problems?: Problem[] } | null)?.problems ?? [];
  throw new Refused(answer.status, problems.length > 0 ? problems : [unreachable]);
}

function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

async function outcome<T>(call: Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await call };
  } catch (reason) {
    if (reason instanceof Refused) return { ok: false, problems: reason.problems };
    throw reason;
  }
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
