import { setPrefs } from '../parts/prefs';
import { FakeHospital } from './fake';

/** Opens the made-up hospital in a browser: `?patients=10000`, `?new` (not enrolled), `?user=ada` (signed in). */
export function startFake(): FakeHospital {
  const asked = new URLSearchParams(window.location.search);
  const hospital = new FakeHospital({
    patients: Number(asked.get('patients') ?? 300),
    enrolled: !asked.has('new'),
    signedIn: asked.get('user') ?? undefined,
    latencyMs: Number(asked.get('latency') ?? 350),
  });
  Object.assign(window, { hospital, setPrefs });
  return hospital;
}
