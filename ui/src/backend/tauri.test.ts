import { clearMocks, mockIPC } from '@tauri-apps/api/mocks';
import { afterEach, expect, test } from 'vitest';
import { tauriBackend } from './tauri';

afterEach(clearMocks);

test('a method is a command of the same name with the same arguments', async () => {
  const calls: unknown[] = [];
  mockIPC((command, args) => {
    calls.push([command, args]);
    return null;
  });
  await tauriBackend.conflictList();
  await tauriBackend.search('ada', 12);
  await tauriBackend.signIn('ada', 'secret');
  expect(calls).toEqual([['conflict_list', {}], ['search', { text: 'ada', limit: 12 }], ['sign_in', { username: 'ada', password: 'secret', newPassword: null }]]);
});

test('a refused command becomes its problems, and a fault becomes one that a person can read', async () => {
  mockIPC(() => { throw [{ code: 'sign_in.wrong', field: '', with: {} }]; });
  expect(await tauriBackend.signIn('ada', 'x')).toEqual({ ok: false, problems: [{ code: 'sign_in.wrong', field: '', with: {} }] });
  mockIPC(() => { throw new Error('the window lost its program'); });
  const answer = await tauriBackend.save({ kind: 'patient', id: '1', base: null, draft: {}, held: null });
  expect(answer).toMatchObject({ outcome: 'problems', problems: [{ code: 'fault' }] });
});
