import { useSyncExternalStore } from 'react';
import type { Kind } from '../backend/types.gen';

/** Whose diary: a department's doctors, or one of them. */
export type Whom = { by: 'department' | 'doctor'; id: string };

/** Every screen that can be opened directly. Ids only: nothing about a person is in an address. */
export type Route =
  | { page: 'today'; date: string | null }
  | { page: 'diary'; days: 1 | 7; date: string | null; whom: Whom | null; moving: string | null }
  | { page: 'board'; department: string | null }
  | { page: 'walkIn'; id: string | null }
  | { page: 'patients' }
  | { page: 'register' }
  | { page: 'chart'; id: string }
  | { page: 'edit'; id: string }
  | { page: 'allergy'; id: string; element: string | null }
  | { page: 'book'; id: string | null }
  | { page: 'move'; id: string }
  | { page: 'cancel'; id: string }
  | { page: 'repeat'; id: string }
  | { page: 'rebooking' }
  | { page: 'unresolved' }
  | { page: 'prescribe'; id: string }
  | { page: 'prescription'; id: string }
  | { page: 'stop'; id: string }
  | { page: 'cashier'; id: string | null }
  | { page: 'waiting' }
  | { page: 'held' }
  | { page: 'conflicts' }
  | { page: 'shutdown' }
  | { page: 'conflict'; kind: Kind; id: string }
  | { page: 'heldForm'; id: string }
  | { page: 'emergency' }
  | { page: 'emergencyReview' }
  | { page: 'audit' }
  | { page: 'roles' }
  | { page: 'help' }
  | { page: 'missing' };

export type PageName = Route['page'];

export function parse(hash: string): Route {
  const parts = hash.replace(/^#?\/?/, '').split('/').map(decodeURIComponent);
  const [first = '', second, third, fourth] = parts;
  switch (first) {
    case '':
    case 'today': return { page: 'today', date: second ?? null };
    case 'diary': return parseDiary(parts.slice(1));
    case 'board': return { page: 'board', department: second ?? null };
    case 'walk-in': return { page: 'walkIn', id: null };
    case 'patients': return parsePatients(second, third, fourth);
    case 'book': return { page: 'book', id: null };
    case 'cashier': return { page: 'cashier', id: second ?? null };
    case 'appointments': return second && (third === 'move' || third === 'cancel' || third === 'repeat') ? { page: third, id: second } : { page: 'missing' };
    case 'prescriptions':
      if (second && third === 'edit') return { page: 'prescription', id: second };
      return second && third === 'stop' ? { page: 'stop', id: second } : { page: 'missing' };
    case 'sync':
      if (!second) return { page: 'waiting' };
      return second === 'held' || second === 'conflicts' || second === 'shutdown' ? { page: second } : { page: 'missing' };
    case 'conflicts':
      return third && isKind(second) ? { page: 'conflict', kind: second, id: third } : { page: 'missing' };
    case 'held': return second ? { page: 'heldForm', id: second } : { page: 'held' };
    case 'emergency':
      if (!second) return { page: 'emergency' };
      return second === 'review' ? { page: 'emergencyReview' } : { page: 'missing' };
    case 'rebooking':
    case 'unresolved':
    case 'audit':
    case 'roles':
    case 'help': return { page: first };
    default: return { page: 'missing' };
  }
}

function isKind(word: string | undefined): word is Kind {
  return word === 'patient' || word === 'appointment' || word === 'prescription';
}

function parseDiary([view, date, by, id, act, moving]: string[]): Route {
  const whom = id && (by === 'department' || by === 'doctor') ? { by, id } as const : null;
  const isMoving = whom !== null && act === 'move';
  return { page: 'diary', days: view === 'week' ? 7 : 1, date: date && date !== 'today' ? date : null, whom, moving: (isMoving && moving) || null };
}

function diaryAddress({ days, date, whom, moving }: Extract<Route, { page: 'diary' }>): string {
  if (days === 1 && !date && !whom) return '#/diary';
  const start = `#/diary/${days === 7 ? 'week' : 'day'}/${date ?? 'today'}`;
  if (!whom) return start;
  return `${start}/${whom.by}/${whom.id}${moving ? `/move/${moving}` : ''}`;
}

function parsePatients(id?: string, act?: string, element?: string): Route {
  if (!id) return { page: 'patients' };
  if (id === 'new') return { page: 'register' };
  switch (act) {
    case undefined: return { page: 'chart', id };
    case 'walk-in': return { page: 'walkIn', id };
    case 'allergy': return { page: 'allergy', id, element: element ?? null };
    case 'edit':
    case 'book':
    case 'prescribe': return { page: act, id };
    default: return { page: 'missing' };
  }
}

export function href(route: Route): string {
  switch (route.page) {
    case 'today': return route.date ? `#/today/${route.date}` : '#/today';
    case 'diary': return diaryAddress(route);
    case 'board': return route.department ? `#/board/${route.department}` : '#/board';
    case 'walkIn': return route.id ? `#/patients/${route.id}/walk-in` : '#/walk-in';
    case 'patients': return '#/patients';
    case 'register': return '#/patients/new';
    case 'chart': return `#/patients/${route.id}`;
    case 'edit': return `#/patients/${route.id}/edit`;
    case 'allergy': return `#/patients/${route.id}/allergy${route.element ? `/${encodeURIComponent(route.element)}` : ''}`;
    case 'book': return route.id ? `#/patients/${route.id}/book` : '#/book';
    case 'cashier': return route.id ? `#/cashier/${route.id}` : '#/cashier';
    case 'move':
    case 'cancel':
    case 'repeat': return `#/appointments/${route.id}/${route.page}`;
    case 'prescribe': return `#/patients/${route.id}/prescribe`;
    case 'prescription': return `#/prescriptions/${route.id}/edit`;
    case 'stop': return `#/prescriptions/${route.id}/stop`;
    case 'waiting': return '#/sync';
    case 'held':
    case 'conflicts':
    case 'shutdown': return `#/sync/${route.page}`;
    case 'conflict': return `#/conflicts/${route.kind}/${route.id}`;
    case 'heldForm': return `#/held/${encodeURIComponent(route.id)}`;
    case 'emergency': return '#/emergency';
    case 'emergencyReview': return '#/emergency/review';
    case 'rebooking':
    case 'unresolved':
    case 'audit':
    case 'roles':
    case 'help': return `#/${route.page}`;
    case 'missing': return '#/today';
  }
}

const listeners = new Set<() => void>();

/** Shows a screen within the key press that asks for it: the browser tells of a new address only later. */
export function go(route: Route): void {
  window.location.hash = href(route);
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('hashchange', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('hashchange', listener);
  };
}

export function useRoute(): Route {
  return parse(useSyncExternalStore(subscribe, () => window.location.hash));
}
