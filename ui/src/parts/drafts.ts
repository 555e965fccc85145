import { useMemo, useSyncExternalStore } from 'react';
import { same } from './changes';
import type { Route } from './route';

/**
 * Unfinished forms. They live in memory only (what was typed about a patient is never written in the clear), outlast
 * navigation, the lock and a change of user, and belong to the person who typed them.
 */
export interface Draft {
  key: string;
  staff: string;
  /** The record's id, made once: pressing Save twice makes one record. */
  id: string;
  /** The version the form was opened on; nothing for a new record. */
  base: string | null;
  initial: object;
  values: object;
  route: Route;
  title: string;
}

let drafts: readonly Draft[] = [];
const listeners = new Set<() => void>();

function put(next: readonly Draft[]): void {
  drafts = next;
  listeners.forEach((listener) => listener());
}

export function keepDraft(draft: Draft): void {
  const others = drafts.filter((one) => one.key !== draft.key || one.staff !== draft.staff);
  put(same(draft.initial, draft.values) ? others : [...others, draft]);
}

export function dropDraft(key: string, staff: string): void {
  put(drafts.filter((one) => one.key !== key || one.staff !== staff));
}

/** After a save: the draft goes, unless more was typed meanwhile. That stays, on top of what was saved. */
export function settleDraft(saved: Draft, heads: string): void {
  const now = drafts.find((one) => one.key === saved.key && one.staff === saved.staff);
  dropDraft(saved.key, saved.staff);
  if (now && !same(now.values, saved.values)) keepDraft({ ...now, base: heads, initial: saved.values });
}

export function dropAllDrafts(): void {
  put([]);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useDrafts(staff: string): readonly Draft[] {
  const all = useSyncExternalStore(subscribe, () => drafts);
  return useMemo(() => all.filter((one) => one.staff === staff), [all, staff]);
}
