import { DirectionProvider, MantineProvider } from '@mantine/core';
import { DatesProvider } from '@mantine/dates';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import 'dayjs/locale/fr';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { usePrefs } from './parts/prefs';
import { themeOf } from './parts/theme';
import { speak } from './parts/words';

/** The look and the language a person chose, for whatever is shown inside. */
export function Look({ client, children }: { client: QueryClient; children: ReactNode }) {
  const prefs = usePrefs();
  const theme = useMemo(() => themeOf(prefs.density), [prefs.density]);
  useEffect(() => speak(prefs.language), [prefs.language]);
  useEffect(() => {
    document.documentElement.dataset.density = prefs.density;
  }, [prefs.density]);
  return (
    <DirectionProvider>
      <MantineProvider theme={theme} forceColorScheme={useScheme(prefs.scheme)}>
        <DatesProvider settings={{ locale: prefs.language, firstDayOfWeek: 1 }}>
          <QueryClientProvider client={client}>{children}</QueryClientProvider>
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
