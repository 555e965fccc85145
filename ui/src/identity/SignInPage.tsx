import { Button, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { IconLock, IconUser } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { DeskState, Problem, Staff } from '../backend/types.gen';
import { useBackend } from '../parts/context';
import { Notice } from '../parts/Notice';
import { useWords } from '../parts/words';
import { ChoosePassword } from './ChoosePassword';
import { Door } from './Door';

/** Signing in, and switching user: those who were here before are one press and a password away. */
export function SignInPage({ desk, isLocked, lastUser }: { desk: DeskState; isLocked: boolean; lastUser: string }) {
  const t = useWords();
  const backend = useBackend();
  const client = useQueryClient();
  const [username, setUsername] = useState(lastUser);
  const [password, setPassword] = useState('');
  const [chosen, setChosen] = useState<string | null>(null);
  const [problems, setProblems] = useState<Problem[]>([]);
  const [isBusy, setIsBusy] = useState(false);
  const passwordField = useRef<HTMLInputElement>(null);

  async function submit() {
    setIsBusy(true);
    const answer = await backend.signIn(username.trim(), password, chosen);
    setIsBusy(false);
    if (answer.ok) {
      client.setQueryData(['desk'], (old: DeskState | undefined) => old && { ...old, session: answer.value });
      await client.invalidateQueries();
      return;
    }
    const isAsked = answer.problems.some((problem) => problem.code === 'sign_in.choose_password');
    setProblems(isAsked ? [] : answer.problems);
    if (isAsked) setChosen('');
    else if (chosen === null) passwordField.current?.select();
  }

  function pick(staff: Staff) {
    setUsername(staff.username);
    setChosen(null);
    passwordField.current?.focus();
  }

  return (
    <Door title={t('signIn.title')} above={<Text ta="center" c="dimmed">{desk.hospital} · {desk.wardName}</Text>}>
      <form noValidate onSubmit={(event) => { event.preventDefault(); void submit(); }}>
        <Stack gap="sm">
          {desk.trouble && <Notice role="alert" kind="held">{t.problem(desk.trouble)}</Notice>}
          {desk.isLocked && !desk.trouble && (
            <Notice kind="info" icon={<IconLock size={20} aria-hidden />} testId="sign-in-closed">
              {t('signIn.closed')} {desk.unsent > 0 && t('signIn.closedUnsent', { count: desk.unsent })}
            </Notice>
          )}
          {isLocked && !desk.isLocked && <Notice kind="info" icon={<IconLock size={20} aria-hidden />}>{t('signIn.locked')}</Notice>}
          <KnownStaff staff={desk.knownStaff} chosen={username} onPick={pick} />
          <div role="alert">
            {problems.map((problem) => <Text key={problem.code} className="danger-text" fw={600}>{t.problem(problem)}</Text>)}
          </div>
          <TextInput data-testid="sign-in-username" id="username" label={t('signIn.username')} autoComplete="username" autoCapitalize="none" spellCheck={false} value={username} onChange={(event) => { setUsername(event.currentTarget.value); setChosen(null); }} />
          <PasswordInput ref={passwordField} data-testid="sign-in-password" id="password" label={t('signIn.password')} autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }} />
          {chosen !== null && <ChoosePassword value={chosen} onChange={setChosen} />}
          <Button type="submit" data-testid="sign-in-submit" loading={isBusy}>{t('signIn.submit')}</Button>
          <Text size="sm" c="dimmed">{t('signIn.offline')}</Text>
        </Stack>
      </form>
    </Door>
  );
}

function KnownStaff({ staff, chosen, onPick }: { staff: Staff[]; chosen: string; onPick: (staff: Staff) => void }) {
  const t = useWords();
  if (staff.length === 0) return null;
  return (
    <Group gap="xs" role="group" aria-label={t('signIn.known')}>
      {staff.map((one) => (
        <Button
          key={one.id} data-testid="sign-in-known" variant={one.username === chosen ? 'filled' : 'default'} aria-pressed={one.username === chosen}
          leftSection={<IconUser size={16} aria-hidden />} onClick={() => onPick(one)}
        >
          {one.name} · {one.roles.map((role) => t.of('Role', role)).join(', ')}
        </Button>
      ))}
    </Group>
  );
}
