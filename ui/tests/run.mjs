// Builds the window with the made-up hospital and runs the journeys in Chromium.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ui = join(dirname(fileURLToPath(import.meta.url)), '..');
const run = (command, ...words) => {
  const { status } = spawnSync(command, words, { cwd: ui, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

run(process.execPath, 'node_modules/vite/bin/vite.js', 'build', '--mode', 'fake', '--logLevel', 'warn');
run(process.execPath, '--test', '--test-concurrency=2', '--test-reporter=spec', 'tests/journeys.test.mjs', 'tests/screens.test.mjs');
