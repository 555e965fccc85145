import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import type { Emergency } from '../backend/types.gen';
import { useBackend, useMay, useSession } from '../parts/context';

/** Why it is over, for the page that goes away. */
export type Ended = 'time' | 'person' | 'desk';

const reads = ['emergencySearch', 'emergencySummary'];

/** While it is open the desk asks the hospital what is new: how old what it shows is, is looked at again. */
const again = 15_000;

function whyOver({ until }: Emergency): Ended {
  return Date.parse(until) <= Date.now() ? 'time' : 'desk';
}

/** The emergency access of whoever is signed in, as long as it lasts. */
export function useEmergency() {
  const backend = useBackend();
  const client = useQueryClient();
  const may = useMay().breakGlass;
  const { staff } = useSession();
  const key = ['emergency', staff.id];
  const over = ['emergencyEnded', staff.id];
  const { data: open = null } = useQuery({ queryKey: key, queryFn: ask, enabled: may, refetchInterval: ({ state }) => (state.data ? again : false) });
  const { data: ended = null } = useQuery<Ended | null>({ queryKey: over, queryFn: () => null, initialData: null });

  /** The desk alone knows whether it lasts. */
  async function ask(): Promise<Emergency | null> {
    const now = await backend.emergency();
    const before = client.getQueryData<Emergency | null>(key);
    if (!now && before) forget(whyOver(before));
    return now;
  }

  function forget(why: Ended) {
    client.removeQueries({ predicate: ({ queryKey }) => reads.includes(String(queryKey[0])) });
    client.setQueryData(over, why);
  }

  return {
    open, ended,
    opened: (emergency: Emergency) => {
      client.setQueryData(over, null);
      client.setQueryData(key, emergency);
    },
    end: async () => {
      await backend.endEmergency();
      forget('person');
      client.setQueryData(key, null);
    },
    look: () => void client.refetchQueries({ queryKey: key }),
  };
}

function everySecond(listener: () => void): () => void {
  const timer = setInterval(listener, 1000);
  return () => clearInterval(timer);
}

/** Whole seconds until a moment, counted down. */
export function useLeft(until: string): number {
  return useSyncExternalStore(everySecond, () => Math.max(0, Math.ceil((Date.parse(until) - Date.now()) / 1000)));
}
