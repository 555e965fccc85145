import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const departments = ['identity', 'patients', 'scheduling', 'prescriptions', 'sync', 'emergency'];

const tauri = {
  group: ['@tauri-apps/*'],
  message: 'Only backend/tauri.ts talks to the desktop program.',
};

/** A department imports backend, parts and words; never a neighbour. */
function department(name) {
  const neighbours = departments.filter((other) => other !== name);
  return {
    files: [`src/${name}/**/*.{ts,tsx}`],
    ignores: ['**/*.test.*'],
    rules: {
      'no-restricted-imports': ['error', {
        patterns: [
          tauri,
          { group: neighbours.map((other) => `**/${other}/*`), message: 'A department never imports a neighbour; put it together in app.tsx.' },
          { group: ['**/backend/fake*', '**/backend/tauri'], message: 'Ask useBackend().' },
          { group: ['../app', '../main', '../screens'], message: 'The shell imports departments, not the other way round.' },
        ],
      }],
    },
  };
}

export default tseslint.config(
  { ignores: ['dist', 'test-results', 'node_modules'] },
  ...tseslint.configs.recommended,
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      'max-lines': ['error', 500],
      'max-lines-per-function': ['error', { max: 70, skipComments: true }],
      'no-console': 'error',
      'no-restricted-imports': ['error', { patterns: [tauri] }],
      '@typescript-eslint/switch-exhaustiveness-check': 'off',
    },
  },
  {
    files: ['src/parts/**/*.{ts,tsx}'],
    ignores: ['**/*.test.*'],
    rules: {
      'no-restricted-imports': ['error', {
        patterns: [tauri, { group: departments.map((name) => `**/${name}/*`), message: 'Parts know no department.' }],
      }],
    },
  },
  { files: ['src/backend/types.gen.ts'], rules: { 'max-lines': 'off' } },
  ...departments.map(department),
  { files: ['src/backend/tauri.ts', 'src/backend/tauri.test.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['src/**/*.test.{ts,tsx}'],
    rules: { 'max-lines-per-function': 'off' },
  },
);
