import { useSyncExternalStore } from 'react';
import type { Language } from './words';

/** How somebody likes the window. Kept per member of staff; nothing about patients. */
export interface Prefs {
  language: Language;
  scheme: 'light' | 'dark' | 'auto';
  density: 'comfortable' | 'compact';
  /** Whether single letters act as keys (they can be switched off, WCAG 2.1.4). */
  letterKeys: boolean;
}

const usual: Prefs = { language: 'en', scheme: 'auto', density: 'compact', letterKeys: true };
const listeners = new Set<() => void>();
let owner = '';
let current: Prefs = stored('');

function stored(staff: string): Prefs {
  try {
    const text = localStorage.getItem(`wardbook.prefs.${staff}`) ?? localStorage.getItem('wardbook.prefs.') ?? '{}';
    return { ...usual, ...(JSON.parse(text) as Partial<Prefs>) };
  } catch {
    return usual;
  }
}

export function prefsOf(staff: string): void {
  owner = staff;
  current = stored(staff);
  listeners.forEach((listener) => listener());
}

export function setPrefs(change: Partial<Prefs>): void {
  current = { ...current, ...change };
  for (const key of new Set([`wardbook.prefs.${owner}`, 'wardbook.prefs.'])) localStorage.setItem(key, JSON.stringify(current));
  listeners.forEach((listener) => listener());
}

export function usePrefs(): Prefs {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
