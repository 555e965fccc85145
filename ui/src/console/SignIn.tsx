import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Problem } from '../backend/types.gen';
import { ChoosePassword } from '../identity/ChoosePassword';
import { Door } from '../identity/Door';
import { Notice } from '../parts/Notice';
import { useWords } from '../parts/words';
import { useConsole } from './context';

/** Signing in: the password, then the code of those who decide what others may do. */
export function ConsoleSignIn({ hasEnded }: { hasEnded: boolean }) {
  const t = useWords();
  const backend = useConsole();
  const client = useQueryClient();
  const { data: door } = useQuery({ queryKey: ['door'], queryFn: () => backend.door() });
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [problems, setProblems] = useState<Problem[]>([]);
  const [isBusy, setIsBusy] = useState(false);
  const codeField = useRef<HTMLInputElement>(null);
  const needsCode = code !== null;
  useEffect(() => {
    if (needsCode) codeField.current?.focus();
  }, [needsCode]);

  async function submit() {
    setIsBusy(true);
    const answer = await backend.signIn(username, password, code, chosen);
    setIsBusy(false);
    if (answer.ok) {
      client.setQueryData(['me'], answer.value);
      return;
    }
    const says = (what: string) => answer.problems.some((problem) => problem.code === what);
    if (says('sign_in.code_needed')) setCode('');
    if (says('sign_in.choose_password')) setChosen('');
    setProblems(says('sign_in.code_needed') || says('sign_in.choose_password') ? [] : answer.problems);
    codeField.current?.select();
  }

  return (
    <Door title={t('console.title')} above={door && <Text ta="center" c="dimmed">{door.hospital}</Text>}>
      <form noValidate onSubmit={(event) => { event.preventDefault(); void submit(); }}>
        <Stack gap="sm">
          {hasEnded && problems.length === 0 && <Notice kind="info" icon={<IconLock size={20} aria-hidden />} testId="session-ended">{t('console.ended')}</Notice>}
          <div role="alert">{problems.map((problem) => <Text key={problem.code} className="danger-text" fw={600}>{t.problem(problem)}</Text>)}</div>
          <TextInput data-testid="sign-in-username" label={t('signIn.username')} autoComplete="username" autoCapitalize="none" spellCheck={false} value={username} onChange={(event) => { setUsername(event.currentTarget.value); setCode(null); setChosen(null); }} />
          <PasswordInput data-testid="sign-in-password" label={t('signIn.password')} autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }} />
          {chosen !== null && <ChoosePassword value={chosen} onChange={setChosen} />}
          {needsCode && (
            <TextInput
              ref={codeField} data-testid="sign-in-code" label={t('console.code')} description={t('console.codeHint')} inputMode="numeric" autoComplete="one-time-code" maxLength={8}
              value={code} onChange={(event) => setCode(event.currentTarget.value)}
            />
          )}
          <Button type="submit" data-testid="sign-in-submit" loading={isBusy}>{t('signIn.submit')}</Button>
          {door?.hasDirectory && <a href="/console/v1/oidc" data-testid="sign-in-directory">{t('console.directory')}</a>}
        </Stack>
      </form>
    </Door>
  );
}
