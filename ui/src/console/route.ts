import { useSyncExternalStore } from 'react';
import type { Takings, Turnout } from '../backend/types.gen';
import { isRunbook, type Runbook } from './runbooks';

/** Which decisions a way leads to. */
export interface Shown { kind: string | null; hours: string | null; ward: string | null }

/** Every screen of the console. Ids only: nothing about a person is in an address. */
export type ConsoleRoute =
  | { page: 'home' }
  | { page: 'overview' }
  | { page: 'visits'; of: Turnout; from: string; to: string; department: string | null }
  | { page: 'takings'; of: Takings; from: string; to: string; currency: string }
  | { page: 'notices'; patient?: string }
  | { page: 'held' }
  | { page: 'heldOne'; hash: string }
  | { page: 'conflicts'; narrow?: Shown }
  | { page: 'conflict'; hash: string }
  | { page: 'devices'; ward?: string }
  | { page: 'staff' }
  | { page: 'staffNew' }
  | { page: 'staffOne'; id: string }
  | { page: 'wards' }
  | { page: 'prices' }
  | { page: 'settings' }
  | { page: 'own' }
  | { page: 'hours' }
  | { page: 'doctor'; id: string }
  | { page: 'audit' }
  | { page: 'emergency' }
  | { page: 'health' }
  | { page: 'events' }
  | { page: 'help' }
  | { page: 'runbook'; name: Runbook }
  | { page: 'bills' }
  | { page: 'bill'; id: string }
  | { page: 'account'; id: string }
  | { page: 'refunds' }
  | { page: 'ledger' }
  | { page: 'statement'; account: string }
  | { page: 'exceptions'; one?: string }
  | { page: 'claims' }
  | { page: 'claim'; id: string }
  | { page: 'days' }
  | { page: 'day'; day: string }
  | { page: 'roles' }
  | { page: 'missing' };

export function parse(hash: string): ConsoleRoute {
  const [first = '', second, third] = hash.replace(/^#?\/?/, '').split('/').map(decodeURIComponent);
  if (third) return { page: 'missing' };
  switch (first) {
    case '': return { page: 'home' };
    case 'held': return second ? { page: 'heldOne', hash: second } : { page: 'held' };
    case 'conflicts': return conflicts(second);
    case 'notices': return second ? { page: 'notices', patient: second } : { page: 'notices' };
    case 'visits': return visits(second);
    case 'takings': return takings(second);
    case 'devices': return second ? { page: 'devices', ward: second } : { page: 'devices' };
    case 'exceptions': return second ? { page: 'exceptions', one: second } : { page: 'exceptions' };
    case 'staff': return staff(second);
    case 'hours': return second ? { page: 'doctor', id: second } : { page: 'hours' };
    case 'help': return runbook(second);
    case 'bills': return second ? { page: 'bill', id: second } : { page: 'bills' };
    case 'account': return second ? { page: 'account', id: second } : { page: 'missing' };
    case 'ledger': return second ? { page: 'statement', account: second } : { page: 'ledger' };
    case 'claims': return second ? { page: 'claim', id: second } : { page: 'claims' };
    case 'days': return second ? { page: 'day', day: second } : { page: 'days' };
    case 'overview':
    case 'refunds':
    case 'health':
    case 'events':
    case 'wards':
    case 'prices':
    case 'settings':
    case 'own':
    case 'audit':
    case 'emergency':
    case 'roles': return second ? { page: 'missing' } : { page: first };
    default: return { page: 'missing' };
  }
}

function staff(id: string | undefined): ConsoleRoute {
  if (!id) return { page: 'staff' };
  return id === 'new' ? { page: 'staffNew' } : { page: 'staffOne', id };
}

function runbook(name: string | undefined): ConsoleRoute {
  if (!name) return { page: 'help' };
  return isRunbook(name) ? { page: 'runbook', name } : { page: 'missing' };
}

/** What a list is of stands in one part of the address; a name of an item has no such sign. */
const between = '~';
const split = (text: string | undefined): (string | null)[] => (text ?? '').split(between).map((part) => part || null);
const joined = (parts: readonly (string | null)[]) => encodeURIComponent(parts.map((part) => part ?? '').join(between));

function conflicts(second: string | undefined): ConsoleRoute {
  if (!second) return { page: 'conflicts' };
  if (!second.includes(between)) return { page: 'conflict', hash: second };
  const [kind = null, hours = null, ward = null] = split(second);
  return { page: 'conflicts', narrow: { kind, hours, ward } };
}

function visits(second: string | undefined): ConsoleRoute {
  const [of, from, to, department = null] = split(second);
  const known = (['came', 'missed', 'expected'] as const).find((one) => one === of);
  return known && from && to ? { page: 'visits', of: known, from, to, department } : { page: 'missing' };
}

function takings(second: string | undefined): ConsoleRoute {
  const [of, from, to, currency] = split(second);
  const known = (['billed', 'received'] as const).find((one) => one === of);
  return known && from && to && currency ? { page: 'takings', of: known, from, to, currency } : { page: 'missing' };
}

export function href(route: ConsoleRoute): string {
  switch (route.page) {
    case 'heldOne': return `#/held/${encodeURIComponent(route.hash)}`;
    case 'conflict': return `#/conflicts/${encodeURIComponent(route.hash)}`;
    case 'staffNew': return '#/staff/new';
    case 'staffOne': return `#/staff/${encodeURIComponent(route.id)}`;
    case 'doctor': return `#/hours/${encodeURIComponent(route.id)}`;
    case 'runbook': return `#/help/${route.name}`;
    case 'bill': return `#/bills/${encodeURIComponent(route.id)}`;
    case 'account': return `#/account/${encodeURIComponent(route.id)}`;
    case 'statement': return `#/ledger/${encodeURIComponent(route.account)}`;
    case 'claim': return `#/claims/${encodeURIComponent(route.id)}`;
    case 'day': return `#/days/${encodeURIComponent(route.day)}`;
    case 'conflicts': return route.narrow ? `#/conflicts/${joined([route.narrow.kind, route.narrow.hours, route.narrow.ward])}` : '#/conflicts';
    case 'visits': return `#/visits/${joined([route.of, route.from, route.to, route.department])}`;
    case 'takings': return `#/takings/${joined([route.of, route.from, route.to, route.currency])}`;
    case 'devices': return route.ward ? `#/devices/${encodeURIComponent(route.ward)}` : '#/devices';
    case 'exceptions': return route.one ? `#/exceptions/${encodeURIComponent(route.one)}` : '#/exceptions';
    case 'notices': return route.patient ? `#/notices/${encodeURIComponent(route.patient)}` : '#/notices';
    case 'home':
    case 'missing': return '#/';
    default: return `#/${route.page}`;
  }
}

export function go(route: ConsoleRoute): void {
  window.location.hash = href(route);
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

export function useConsoleRoute(): ConsoleRoute {
  return parse(useSyncExternalStore(subscribe, () => window.location.hash));
}
