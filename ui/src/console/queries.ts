import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { ConsoleNews, RecordId } from '../backend/types.gen';
import type { About, ConsoleBackend, Narrow } from './backend';
import { useConsole } from './context';

const pages = { initialPageParam: null as string | null, getNextPageParam: (page: { next: string | null }) => page.next };

export function useHeldList(isAll: boolean) {
  const backend = useConsole();
  return useInfiniteQuery({ queryKey: ['held', isAll], queryFn: ({ pageParam }) => backend.held(isAll, pageParam), ...pages });
}

export function useHeldOne(hash: string) {
  const backend = useConsole();
  // every look is itself noted, so it is read when it is opened and when it changed
  return useQuery({ queryKey: ['heldOne', hash], queryFn: () => backend.heldOne(hash), gcTime: 0 });
}

export const everything: Narrow = { state: null, kind: null, ward: null, owner: null, hours: null };

export function useConflicts(narrow: Narrow) {
  const backend = useConsole();
  return useInfiniteQuery({ queryKey: ['conflicts', narrow], queryFn: ({ pageParam }) => backend.conflicts(narrow, pageParam), ...pages });
}

export function useConflictOne(hash: string) {
  const backend = useConsole();
  return useQuery({ queryKey: ['conflictOne', hash], queryFn: () => backend.conflictOne(hash), gcTime: 0 });
}

export function usePair(one: RecordId, other: RecordId) {
  const backend = useConsole();
  return useQuery({ queryKey: ['pair', one, other], queryFn: () => backend.pair(one, other), gcTime: 0 });
}

export function useDevices(ward: string | null) {
  const backend = useConsole();
  // when a workstation was heard last is not news, so it is asked for
  return useInfiniteQuery({ queryKey: ['devices', ward], queryFn: ({ pageParam }) => backend.devices(ward, pageParam), refetchInterval: 60_000, ...pages });
}

export function useStaff() {
  const backend = useConsole();
  return useInfiniteQuery({ queryKey: ['staff'], queryFn: ({ pageParam }) => backend.staff(pageParam), ...pages });
}

export function useLog(about: About) {
  const backend = useConsole();
  return useInfiniteQuery({ queryKey: ['log', about], queryFn: ({ pageParam }) => backend.log(about, pageParam), gcTime: 0, ...pages });
}

export function useOpenings() {
  const backend = useConsole();
  return useQuery({ queryKey: ['openings'], queryFn: () => backend.openings() });
}

export function useHealth() {
  const backend = useConsole();
  // it looks at much, so it is asked for when somebody opens it or asks again
  return useQuery({ queryKey: ['health'], queryFn: () => backend.health(), gcTime: 0 });
}

export function useEvents() {
  const backend = useConsole();
  return useQuery({ queryKey: ['events'], queryFn: () => backend.events(), refetchInterval: 15_000, gcTime: 0 });
}

/** Which lists are read again when something happens. */
const lists: Record<ConsoleNews, readonly string[]> = {
  all: ['held', 'heldOne', 'conflicts', 'conflictOne', 'devices', 'staff', 'reference', 'places', 'settings', 'openings'],
  held: ['held', 'heldOne', 'devices'],
  conflicts: ['conflicts', 'conflictOne'],
  devices: ['devices', 'places'],
  reference: ['reference', 'staff', 'places', 'settings'],
  emergency: ['openings'],
  signed_out: ['me'],
};

/** Keeps lists as they are at the server; says whether it can be heard. */
export function useLive(backend: ConsoleBackend, isOpen: boolean): { isHeard: boolean } {
  const client = useQueryClient();
  const [isHeard, setIsHeard] = useState(true);
  useEffect(() => (isOpen ? backend.onNews((news) => {
    setIsHeard(news !== null);
    for (const list of news === null ? [] : lists[news]) void client.invalidateQueries({ queryKey: [list] });
  }) : undefined), [backend, client, isOpen]);
  return { isHeard };
}
