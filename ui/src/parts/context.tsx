import { useQuery } from '@tanstack/react-query';
import { createContext, useContext, useSyncExternalStore, type ReactNode } from 'react';
import type { Backend } from '../backend';
import type { Kind, Reference, Session, SyncStatus } from '../backend/types.gen';
import { mayDo, mayRead, mayReadAudit, mayWrite } from './access';
import { wallOf } from './zone';

const BackendContext = createContext<Backend | null>(null);
type ReferenceSource = Pick<Backend, 'reference'>;
const ReferenceContext = createContext<ReferenceSource | null>(null);
const SessionContext = createContext<Session | null>(null);

export function BackendProvider({ backend, children }: { backend: Backend; children: ReactNode }) {
  return <BackendContext.Provider value={backend}><ReferenceProvider source={backend}>{children}</ReferenceProvider></BackendContext.Provider>;
}

/** Where names of staff, wards and departments come from: the desk, or the hospital's server. */
export function ReferenceProvider({ source, children }: { source: ReferenceSource; children: ReactNode }) {
  return <ReferenceContext.Provider value={source}>{children}</ReferenceContext.Provider>;
}

export function SessionProvider({ session, children }: { session: Session; children: ReactNode }) {
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>;
}

export function useBackend(): Backend {
  const backend = useContext(BackendContext);
  if (!backend) throw new Error('a screen is outside BackendProvider');
  return backend;
}

/** Who is signed in. Only screens inside the shell ask. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('a screen is outside SessionProvider');
  return session;
}

const nothingYet: Reference = { version: 0, hospital: '', zone: 'UTC', wards: [], departments: [], staff: [], medicines: [], schedules: [], closed: { wards: [], departments: [] } };

export function useReference(): Reference {
  const source = useContext(ReferenceContext);
  const { data } = useQuery({ queryKey: ['reference'], queryFn: () => source!.reference(), enabled: source !== null });
  return data ?? nothingYet;
}

export function useStatus(): SyncStatus | null {
  const backend = useBackend();
  const { data } = useQuery({ queryKey: ['status'], queryFn: () => backend.status() });
  return data ?? null;
}

/** Names of staff, wards and departments by their ids. */
export function useNames() {
  const { staff, wards, departments, closed } = useReference();
  const named = (list: readonly { id: string; name: string }[]) => (id: string | null) => list.find((one) => one.id === id)?.name ?? '';
  return { staff: named(staff), ward: named([...wards, ...closed.wards]), department: named([...departments, ...closed.departments]) };
}

export function useMay() {
  const { roles } = useSession();
  return {
    read: (kind: Kind) => mayRead(roles, kind),
    write: (kind: Kind, field: string) => mayWrite(roles, kind, field),
    readAudit: mayReadAudit(roles),
    breakGlass: mayDo(roles, 'emergency'),
    takeMoney: mayDo(roles, 'cashier'),
    reviewEmergency: mayDo(roles, 'emergency_review'),
  };
}

function everyMinute(listener: () => void): () => void {
  const timer = setInterval(listener, 60_000);
  return () => clearInterval(timer);
}

/** Today in the hospital's calendar; tomorrow after midnight, also where nobody touches the window. */
export function useToday(): string {
  const { zone } = useReference();
  return useSyncExternalStore(everyMinute, () => wallOf(Date.now(), zone).date);
}
