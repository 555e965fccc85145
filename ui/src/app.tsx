import { DirectionProvider, MantineProvider, Button, Text } from '@mantine/core';
import { DatesProvider } from '@mantine/dates';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider, useQuery, useQueryClient } from '@tanstack/react-query';
import 'dayjs/locale/fr';
import { useEffect, useMemo, useState } from 'react';
import type { Backend } from './backend';
import type { DeskState, Session } from './backend/types.gen';
import { EnrolPage } from './identity/EnrolPage';
import { LoadingPage } from './identity/LoadingPage';
import { PendingPage } from './identity/PendingPage';
import { SignInPage } from './identity/SignInPage';
import { useIdleLock } from './identity/useIdleLock';
import { BackendProvider, SessionProvider, useBackend, useReference, useStatus } from './parts/context';
import { prefsOf, usePrefs } from './parts/prefs';
import { useNews } from './parts/queries';
import { themeOf } from './parts/theme';
import { dropToasts } from './parts/toast';
import { keepTimeOf, speak, useWords } from './parts/words';
import { Shell } from './shell';

/** The window: the look and the language a person chose, then whoever is at the desk. */
export function App({ backend }: { backend: Backend }) {
  const prefs = usePrefs();
  const theme = useMemo(() => themeOf(prefs.density), [prefs.density]);
  const [client] = useState(() => new QueryClient({
    // the desk answers from its own disk: nothing waits for a network, nothing is stale until the desk says so
    defaultOptions: { queries: { networkMode: 'always', staleTime: Infinity, retry: false, refetchOnWindowFocus: false } },
  }));
  useEffect(() => speak(prefs.language), [prefs.language]);
  useEffect(() => {
    document.documentElement.dataset.density = prefs.density;
  }, [prefs.density]);
  return (
    <DirectionProvider>
      <MantineProvider theme={theme} forceColorScheme={useScheme(prefs.scheme)}>
        <DatesProvider settings={{ locale: prefs.language, firstDayOfWeek: 1 }}>
          <QueryClientProvider client={client}>
            <BackendProvider backend={backend}><Desk /></BackendProvider>
          </QueryClientProvider>
          <Notifications position="bottom-left" limit={3} containerWidth={160} className="toasts" />
        </DatesProvider>
      </MantineProvider>
    </DirectionProvider>
  );
}

function useScheme(wanted: 'light' | 'dark' | 'auto'): 'light' | 'dark' {
  const query = useMemo(() => window.matchMedia('(prefers-color-scheme: dark)'), []);
  const [isDark, setIsDark] = useState(query.matches);
  useEffect(() => {
    const listen = (event: MediaQueryListEvent) => setIsDark(event.matches);
    query.addEventListener('change', listen);
    return () => query.removeEventListener('change', listen);
  }, [query]);
  return wanted === 'auto' ? (isDark ? 'dark' : 'light') : wanted;
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

  const { isWarning } = useIdleLock(() => void leave({ isLocked: true }), () => void stay(), session.idleMinutes);
  return (
    <SessionProvider session={session}>
      <Shell desk={desk} onSwitchUser={() => void leave({ isLocked: false })} onLock={() => void leave({ isLocked: true })} />
      {isWarning && (
        <div className="idle" role="alertdialog" aria-label={t('idle.title')}>
          <Text fw={600}>{t('idle.title')}</Text>
          <Button autoFocus>{t('idle.stay')}</Button>
        </div>
      )}
    </SessionProvider>
  );
}
