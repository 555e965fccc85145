import '@fontsource-variable/inter/index.css';
import '@mantine/core/styles.css';
import '@mantine/dates/styles.css';
import '@mantine/notifications/styles.css';
import './app.css';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import type { Backend } from './backend';

/** The made-up hospital is for development and tests; a shipped window without its desktop program says so. */
async function pickBackend(): Promise<Backend | null> {
  if ('__TAURI_INTERNALS__' in window) return (await import('./backend/tauri')).tauriBackend;
  if (import.meta.env.MODE === 'production') return null;
  return (await import('./backend/fake-start')).startFake();
}

const root = createRoot(document.getElementById('root')!);
const backend = await pickBackend();
root.render(backend ? <App backend={backend} /> : <p>Wardbook opens in its own window. / Wardbook s’ouvre dans sa propre fenêtre.</p>);
