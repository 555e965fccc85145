import { useSyncExternalStore } from 'react';
import { isRunbook, type Runbook } from './runbooks';

/** Every screen of the console. Ids only: nothing about a person is in an address. */
export type ConsoleRoute =
  | { page: 'home' }
  | { page: 'held' }
  | { page: 'heldOne'; hash: string }
  | { page: 'conflicts' }
  | { page: 'conflict'; hash: string }
  | { page: 'devices' }
  | { page: 'staff' }
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
  | { page: 'exceptions' }
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
    case 'conflicts': return second ? { page: 'conflict', hash: second } : { page: 'conflicts' };
    case 'hours': return second ? { page: 'doctor', id: second } : { page: 'hours' };
    case 'help': return runbook(second);
    case 'bills': return second ? { page: 'bill', id: second } : { page: 'bills' };
    case 'account': return second ? { page: 'account', id: second } : { page: 'missing' };
    case 'ledger': return second ? { page: 'statement', account: second } : { page: 'ledger' };
    case 'claims': return second ? { page: 'claim', id: second } : { page: 'claims' };
    case 'days': return second ? { page: 'day', day: second } : { page: 'days' };
    case 'refunds':
    case 'exceptions':
    case 'health':
    case 'events':
    case 'devices':
    case 'staff':
    case 'audit':
    case 'emergency':
    case 'roles': return second ? { page: 'missing' } : { page: first };
    default: return { page: 'missing' };
  }
}

function runbook(name: string | undefined): ConsoleRoute {
  if (!name) return { page: 'help' };
  return isRunbook(name) ? { page: 'runbook', name } : { page: 'missing' };
}

export function href(route: ConsoleRoute): string {
  switch (route.page) {
    case 'heldOne': return `#/held/${encodeURIComponent(route.hash)}`;
    case 'conflict': return `#/conflicts/${encodeURIComponent(route.hash)}`;
    case 'doctor': return `#/hours/${encodeURIComponent(route.id)}`;
    case 'runbook': return `#/help/${route.name}`;
    case 'bill': return `#/bills/${encodeURIComponent(route.id)}`;
    case 'account': return `#/account/${encodeURIComponent(route.id)}`;
    case 'statement': return `#/ledger/${encodeURIComponent(route.account)}`;
    case 'claim': return `#/claims/${encodeURIComponent(route.id)}`;
    case 'day': return `#/days/${encodeURIComponent(route.day)}`;
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
