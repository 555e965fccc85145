import { Button, Text } from '@mantine/core';
import { QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Backend } from './backend';
import type { DeskState, Session } from './backend/types.gen';
import { EnrolPage } from './identity/EnrolPage';
import { LeaveDialog } from './identity/LeaveDialog';
import { LoadingPage } from './identity/LoadingPage';
import { PendingPage } from './identity/PendingPage';
import { SignInPage } from './identity/SignInPage';
import { useIdleLock } from './identity/useIdleLock';
import { Look } from './look';
import { BackendProvider, SessionProvider, useBackend, useReference, useStatus } from './parts/context';
import { prefsOf } from './parts/prefs';
import { useNews } from './parts/queries';
import { dropToasts } from './parts/toast';
import { keepTimeOf, useWords } from './parts/words';
import { Shell } from './shell';

/** The window: whoever is at the desk. */
export function App({ backend }: { backend: Backend }) {
  const [client] = useState(() => new QueryClient({
    // the desk answers from its own disk: nothing waits for a network, nothing is stale until the desk says so
    defaultOptions: { queries: { networkMode: 'always', staleTime: Infinity, retry: false, refetchOnWindowFocus: false } },
  }));
  return <Look client={client}><BackendProvider backend={backend}><Desk /></BackendProvider></Look>;
}

/** What the desk shows depends on how far it is: not enrolled, loading, nobody signed in, or at work. */
function Desk() {
  const backend = useBackend();
  const status = useStatus();
  const [hasSkipped, setHasSkipped] = useState(false);
  const [lock, setLock] = useState({ isLocked: false, lastUser: '' });
  useNews(backend);
  const { data: desk } = useQuery({ queryKey: ['desk'], queryFn: () => backend.desk() });
  const staff = desk?.session?.staff.id ?? '';
  useEffect(() => prefsOf(staff), [staff]);
  const { zone } = useReference();
  useEffect(() => keepTimeOf(zone), [zone]);

  if (!desk || !status) return null;
  if (desk.ward === null) return <EnrolPage desk={desk} />;
  if (status.trouble?.code === 'device.pending') return <PendingPage />;
  if (status.link === 'loading' && !hasSkipped) return <LoadingPage status={status} onSkip={() => setHasSkipped(true)} />;
  if (!desk.session) return <SignInPage desk={desk} isLocked={lock.isLocked} lastUser={lock.lastUser} />;
  return <AtWork desk={desk} session={desk.session} onLeave={setLock} />;
}

interface AtWorkProps { desk: DeskState; session: Session; onLeave: (lock: { isLocked: boolean; lastUser: string }) => void }

function AtWork({ desk, session, onLeave }: AtWorkProps) {
  const t = useWords();
  const backend = useBackend();
  const client = useQueryClient();

  /** Unfinished forms stay in memory for whoever typed them; what was read about patients does not. */
  async function leave({ isLocked }: { isLocked: boolean }) {
    dropToasts();
    onLeave({ isLocked, lastUser: isLocked ? session.staff.username : '' });
    await backend.signOut();
    client.removeQueries({ predicate: ({ queryKey }) => !['desk', 'status', 'reference'].includes(String(queryKey[0])) });
    client.setQueryData(['desk'], { ...desk, session: null });
  }

  /** The desk itself ends a session that nobody touches, or that has lasted a shift: the screen follows. */
  async function stay() {
    if (!(await backend.touch())) await client.invalidateQueries();
  }

  const status = useStatus();
  const [isLeaving, setIsLeaving] = useState(false);

  /** Leaving with money that is in nobody's books is asked twice; locking the screen is not leaving. */
  function switchUser() {
    if (status?.unposted) setIsLeaving(true);
    else void leave({ isLocked: false });
  }

  const { isWarning } = useIdleLock(() => void leave({ isLocked: true }), () => void stay(), session.idleMinutes);
  return (
    <SessionProvider session={session}>
      <Shell desk={desk} onSwitchUser={switchUser} onLock={() => void leave({ isLocked: true })} />
      {isLeaving && status?.unposted && <LeaveDialog unposted={status.unposted} onStay={() => setIsLeaving(false)} onLeave={() => void leave({ isLocked: false })} />}
      {isWarning && (
        <div className="idle" role="alertdialog" aria-label={t('idle.title')}>
          <Text fw={600}>{t('idle.title')}</Text>
          <Button autoFocus>{t('idle.stay')}</Button>
        </div>
      )}
    </SessionProvider>
  );
}
