import '@fontsource-variable/inter/index.css';
import '@mantine/core/styles.css';
import '@mantine/dates/styles.css';
import '@mantine/notifications/styles.css';
import './app.css';
import { createRoot } from 'react-dom/client';
import type { ReactNode } from 'react';

/** In its own window this is a desk; in a browser it is the central console, served by the hospital's server. */
async function start(): Promise<ReactNode> {
  if ('__TAURI_INTERNALS__' in window) {
    const [{ App }, { tauriBackend }] = await Promise.all([import('./app'), import('./backend/tauri')]);
    return <App backend={tauriBackend} />;
  }
  if (import.meta.env.MODE === 'production') {
    const [{ Console }, { httpBackend }] = await Promise.all([import('./console/Console'), import('./console/http')]);
    return <Console backend={httpBackend} />;
  }
  return startMadeUp();
}

/** The made-up hospital is for development and tests and never ships: `?console` is its central console. */
async function startMadeUp(): Promise<ReactNode> {
  if (new URLSearchParams(window.location.search).has('console')) {
    const [{ Console }, { startFakeConsole }] = await Promise.all([import('./console/Console'), import('./console/fake-start')]);
    return <Console backend={startFakeConsole()} />;
  }
  const [{ App }, { startFake }] = await Promise.all([import('./app'), import('./backend/fake-start')]);
  return <App backend={startFake()} />;
}

createRoot(document.getElementById('root')!).render(await start());
