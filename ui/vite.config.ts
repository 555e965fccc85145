import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** `--mode fake` builds the window with the made-up hospital, for the journeys; it never ships. */
export default defineConfig(({ mode }) => ({
  plugins: [react()],
  base: './',
  clearScreen: false,
  server: { port: 5173, strictPort: true },
  build: {
    outDir: mode === 'fake' ? 'test-results/site' : 'dist',
    emptyOutDir: true,
    // the content security policy allows no data: fonts
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test-setup.ts'],
    testTimeout: 60_000,
  },
}));
