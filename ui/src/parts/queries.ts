import { useInfiniteQuery, useQuery, useQueryClient, type InfiniteData, type QueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { Backend, Changed } from '../backend';
import type { DiaryAsk, FreeAsk, Kind, Likely, Page, Row } from '../backend/types.gen';
import { useBackend } from './context';

const none: Row[] = [];
const nobody: Likely[] = [];

/** Reads of the desk, kept fresh by its own news: nothing here waits for a network. */

export function useRow(kind: Kind, id: string | null) {
  const backend = useBackend();
  return useQuery({ queryKey: ['row', kind, id], queryFn: () => backend.row(kind, id ?? ''), enabled: id !== null });
}

export function useChart(id: string) {
  const backend = useBackend();
  return useQuery({ queryKey: ['chart', id], queryFn: () => backend.chart(id) });
}

export function useDay(ward: string, date: string) {
  const backend = useBackend();
  return useQuery({ queryKey: ['day', ward, date], queryFn: () => backend.day(ward, date) });
}

export function useDiary(ask: DiaryAsk) {
  const backend = useBackend();
  // a place that is free is one until two hours before it: asked again, though nobody wrote anything
  return useQuery({ queryKey: ['diary', ask], queryFn: () => backend.diary(ask), refetchInterval: 60_000 });
}

/** How often what is free is asked again: slots come too near, and promises end, without anybody doing anything. */
const freeAgainMs = 30_000;

/** Free slots for a wish. */
export function useFree(ask: FreeAsk, isAsked: boolean) {
  const backend = useBackend();
  return useQuery({ queryKey: ['free', ask], queryFn: () => backend.free(ask), enabled: isAsked, refetchInterval: freeAgainMs });
}

/** Appointments that lost their slot. */
export function useRebooking() {
  const backend = useBackend();
  return useQuery({ queryKey: ['rebooking'], queryFn: () => backend.rebooking() });
}

/** Visits that are over and not closed; asked again now and then, as time alone adds to them. */
export function useUnresolved(ward: string) {
  const backend = useBackend();
  return useQuery({ queryKey: ['unresolved', ward], queryFn: () => backend.unresolved(ward), refetchInterval: freeAgainMs });
}

export function usePatients(ward: string) {
  const backend = useBackend();
  return useInfiniteQuery({
    queryKey: ['patients', ward],
    queryFn: ({ pageParam }) => backend.list({ kind: 'patient', ward, limit: 200, after: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

/** Patients found for a text. `isCurrent` is false as long as those found for an older text are shown. */
export function useSearch(text: string, limit: number): { rows: Row[]; isCurrent: boolean } {
  const backend = useBackend();
  const isAsked = text.trim().length > 0;
  const { data, isSuccess, isPlaceholderData } = useQuery({
    queryKey: ['search', text, limit],
    queryFn: () => backend.search(text, limit),
    enabled: isAsked,
    placeholderData: (previous) => previous,
    gcTime: 10_000,
  });
  return { rows: (isAsked && data) || none, isCurrent: isAsked && isSuccess && !isPlaceholderData };
}

/** Who may be the person of a draft; those of an older draft until the desk has answered. */
export function useLikely(draft: unknown): Likely[] {
  const backend = useBackend();
  const { data } = useQuery({ queryKey: ['likely', draft], queryFn: () => backend.likely(draft), placeholderData: (previous) => previous, gcTime: 10_000 });
  return data ?? nobody;
}

export function useHistory(kind: Kind, id: string, isShown: boolean) {
  const backend = useBackend();
  return useQuery({ queryKey: ['history', kind, id], queryFn: () => backend.history(kind, id), enabled: isShown });
}

export function useAuditTrail(patient: string) {
  const backend = useBackend();
  // read when it is opened, as every reading is itself an entry
  return useQuery({ queryKey: ['audit', patient], queryFn: () => backend.auditTrail(patient), staleTime: Infinity, gcTime: 0 });
}

/** Fields on which two places disagree, and the record at the version that was looked at. */
export function useConflicts(kind: Kind, id: string) {
  const backend = useBackend();
  return useQuery({
    queryKey: ['conflicts', kind, id],
    // the version first: values that come in between are newer than it says, never older
    queryFn: async () => {
      const row = await backend.row(kind, id);
      return { row, conflicts: row ? await backend.conflicts(kind, id) : [] };
    },
  });
}

export function useConflictList() {
  const backend = useBackend();
  return useQuery({ queryKey: ['conflictList'], queryFn: () => backend.conflictList() });
}

/** Bills and receipts of a patient. The desk asks the hospital what changed whenever it is read. */
export function useAccount(patient: string, isAsked = true) {
  const backend = useBackend();
  return useQuery({ queryKey: ['account', patient], queryFn: () => backend.money.account(patient), enabled: isAsked });
}

export function useUnposted(isAsked: boolean) {
  const backend = useBackend();
  return useQuery({ queryKey: ['unposted'], queryFn: () => backend.money.unposted(), enabled: isAsked });
}

export function useWaiting() {
  const backend = useBackend();
  return useQuery({ queryKey: ['waiting'], queryFn: () => backend.waiting() });
}

export function useHeld() {
  const backend = useBackend();
  return useQuery({ queryKey: ['held'], queryFn: () => backend.held() });
}

/** Listens to the desk once for the whole window. */
export function useNews(backend: Backend): void {
  const client = useQueryClient();
  useEffect(() => {
    const heard: Changed[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stops = [
      backend.onStatus((status) => {
        // an answer that was asked for earlier is older than this
        void client.cancelQueries({ queryKey: ['status'] });
        client.setQueryData(['status'], status);
        for (const key of ['waiting', 'held', 'conflictList', 'account', 'unposted']) void client.invalidateQueries({ queryKey: [key] });
      }),
      backend.onChanged((what) => {
        heard.push(what);
        // many changes arrive together when the network is back: read once for all of them
        timer ??= setTimeout(() => {
          timer = undefined;
          void refresh(backend, client, heard.splice(0));
        }, 40);
      }),
    ];
    return () => {
      clearTimeout(timer);
      stops.forEach((stop) => stop());
    };
  }, [backend, client]);
}

async function refresh(backend: Backend, client: QueryClient, heard: Changed[]): Promise<void> {
  if (heard.includes(null) || heard.length > 50) {
    await client.invalidateQueries();
    return;
  }
  const known = new Map(heard.filter((what) => what !== null).map((what) => [what.id, what]));
  for (const { kind, id } of known.values()) {
    for (const key of ['row', 'history', 'conflicts']) void client.invalidateQueries({ queryKey: [key, kind, id] });
    if (kind === 'patient') await patchPages(backend, client, id);
  }
  for (const key of ['chart', 'day', 'diary', 'free', 'rebooking', 'unresolved', 'search', 'waiting', 'held', 'conflictList']) void client.invalidateQueries({ queryKey: [key] });
}

/** Puts one changed row into the loaded pages of the list, so that ten thousand rows are not read again. */
async function patchPages(backend: Backend, client: QueryClient, id: string): Promise<void> {
  const row = await backend.row('patient', id);
  const lists = client.getQueriesData<InfiniteData<Page>>({ queryKey: ['patients'] });
  for (const [key, data] of lists) {
    const isLoaded = data?.pages.some((page) => page.rows.some((old) => old.id === id));
    if (!data || !row || !isLoaded) {
      void client.invalidateQueries({ queryKey: key });
      continue;
    }
    const pages = data.pages.map((page) => ({ ...page, rows: page.rows.map((old) => (old.id === id ? row : old)) }));
    client.setQueryData(key, { ...data, pages });
  }
}
