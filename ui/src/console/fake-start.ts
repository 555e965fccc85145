import { setPrefs } from '../parts/prefs';
import { FakeConsole } from './fake';

/** Opens the made-up hospital's console: `?console`, with `user=mona` for somebody who is signed in. */
export function startFakeConsole(): FakeConsole {
  const asked = new URLSearchParams(window.location.search);
  const backend = new FakeConsole(asked.get('user'));
  Object.assign(window, { hospital: backend, setPrefs });
  return backend;
}
