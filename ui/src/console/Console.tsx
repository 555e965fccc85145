import { Button, Text } from '@mantine/core';
import { QueryCache, QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { ConsolePerson, Session } from '../backend/types.gen';
import { useIdleLock } from '../identity/useIdleLock';
import { Look } from '../look';
import { ReferenceProvider, SessionProvider } from '../parts/context';
import { prefsOf } from '../parts/prefs';
import { dropToasts } from '../parts/toast';
import { useWords } from '../parts/words';
import { FactorFirst } from './admin/OwnPage';
import { Refused, type ConsoleBackend } from './backend';
import { ConsoleProvider, Loaded, useConsole } from './context';
import { useLive } from './queries';
import { ConsoleShell } from './Shell';
import { ConsoleSignIn } from './SignIn';

/** After how many minutes a console that nobody touches is left; the server ends the session as well. */
const idleMinutes = 15;

/** The central console in a browser. */
export function Console({ backend }: { backend: ConsoleBackend }) {
  const [client] = useState(() => {
    const made: QueryClient = new QueryClient({
      defaultOptions: { queries: { staleTime: Infinity, retry: false, refetchOnWindowFocus: false, networkMode: 'always' } },
      // whichever list hears that the session is over, the door is shown
      queryCache: new QueryCache({ onError: (error) => { if (error instanceof Refused && error.status === 401) made.setQueryData(['me'], null); } }),
    });
    return made;
  });
  return (
    <Look client={client}>
      <ConsoleProvider backend={backend}><ReferenceProvider source={backend}><Door /></ReferenceProvider></ConsoleProvider>
    </Look>
  );
}

function Door() {
  const backend = useConsole();
  const [hasLeft, setHasLeft] = useState(false);
  const query = useQuery({ queryKey: ['me'], queryFn: () => backend.me() });
  const staff = query.data?.staff ?? '';
  useEffect(() => prefsOf(staff), [staff]);
  if (query.data) return <AtWork key={staff} person={query.data} onLeave={setHasLeft} />;
  if (query.data === null) return <ConsoleSignIn hasEnded={hasLeft} />;
  return <main className="door"><div className="door-inner"><Loaded query={query}>{() => null}</Loaded></div></main>;
}

function AtWork({ person, onLeave }: { person: ConsolePerson; onLeave: (isEnded: boolean) => void }) {
  const t = useWords();
  const backend = useConsole();
  const client = useQueryClient();
  const { isHeard } = useLive(backend, !person.setsUpFactor);
  // what was read is nobody else's: it goes with whoever read it, however they went
  useEffect(() => {
    onLeave(true);
    return () => {
      dropToasts();
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' });
    };
  }, [client, onLeave]);

  async function leave({ isEnded }: { isEnded: boolean }) {
    await backend.signOut();
    client.setQueryData(['me'], null);
    onLeave(isEnded);
  }

  const { isWarning } = useIdleLock(() => void leave({ isEnded: true }), () => void client.invalidateQueries({ queryKey: ['me'] }), idleMinutes);
  if (person.setsUpFactor) return <FactorFirst person={person} onLeave={() => void leave({ isEnded: false })} />;
  return (
    <SessionProvider session={sessionOf(person)}>
      <ConsoleShell isHeard={isHeard} onSignOut={() => void leave({ isEnded: false })} />
      {isWarning && (
        <div className="idle" role="alertdialog" aria-label={t('console.idle')}>
          <Text fw={600}>{t('console.idle')}</Text>
          <Button autoFocus>{t('idle.stay')}</Button>
        </div>
      )}
    </SessionProvider>
  );
}

/** Somebody at the console sits on no ward and at no desk. */
function sessionOf({ staff, username, name, roles }: ConsolePerson): Session {
  return { staff: { id: staff, username, name, roles, departments: [], isActive: true }, roles, ward: '', device: 0, idleMinutes };
}
