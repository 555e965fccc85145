import { Button, PasswordInput, Stack, Text, Textarea } from '@mantine/core';
import { IconUrgent } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import type { Emergency, Problem } from '../backend/types.gen';
import { useBackend, useMay } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Notice } from '../parts/Notice';
import { Page } from '../parts/Page';
import { useWords } from '../parts/words';
import { Strangers } from './Strangers';
import { useEmergency, type Ended } from './useEmergency';

/** For somebody who lies on another ward and needs help now: asks who one is and why, then shows what is vital. */
export function EmergencyPage() {
  const t = useWords();
  const may = useMay().breakGlass;
  const { open, ended, opened, look } = useEmergency();
  if (!may) return <Page title={t('emergency.title')}><Empty>{t('emergency.notAllowed')}</Empty></Page>;
  if (open) return <Strangers key={open.id} open={open} onNoted={opened} onClosed={look} />;
  return (
    <Page title={t('emergency.title')}>
      <div role="status">{ended && <Notice kind="warn" testId="emergency-ended">{endedText(ended, t)} {t('emergency.again')}</Notice>}</div>
      <OpenForm onOpened={opened} />
    </Page>
  );
}

function endedText(ended: Ended, t: ReturnType<typeof useWords>): string {
  switch (ended) {
    case 'time': return t('emergency.endedTime');
    case 'person': return t('emergency.endedPerson');
    case 'desk': return t('emergency.endedDesk');
  }
}

function OpenForm({ onOpened }: { onOpened: (emergency: Emergency) => void }) {
  const t = useWords();
  const backend = useBackend();
  const [password, setPassword] = useState('');
  const [reason, setReason] = useState('');
  const [problems, setProblems] = useState<Problem[]>([]);
  const [isBusy, setIsBusy] = useState(false);
  const passwordField = useRef<HTMLInputElement>(null);
  const reasonField = useRef<HTMLTextAreaElement>(null);
  const at = (field: string) => problems.filter((problem) => problem.field === field).map((problem) => t.problem(problem)).join(' ') || undefined;
  const rest = problems.filter(({ field }) => field !== 'reason' && field !== 'password');

  async function submit() {
    setIsBusy(true);
    const answer = await backend.breakGlass(password, reason);
    setIsBusy(false);
    if (answer.ok) {
      onOpened(answer.value);
      return;
    }
    setProblems(answer.problems);
    if (answer.problems.some(({ field }) => field === 'reason')) reasonField.current?.focus();
    else passwordField.current?.select();
  }

  return (
    <form noValidate className="narrow" onSubmit={(event) => { event.preventDefault(); void submit(); }}>
      <Stack gap="sm">
        <Text size="sm">{t('emergency.explain')}</Text>
        <Notice kind="warn">{t('emergency.watched')}</Notice>
        <div role="alert">{rest.map((problem) => <Text key={problem.code} className="danger-text" fw={600}>{t.problem(problem)}</Text>)}</div>
        <Textarea ref={reasonField} data-testid="emergency-reason" label={t('emergency.reason')} description={t('emergency.reasonHint')} error={at('reason')} withAsterisk aria-required autosize minRows={2} maxLength={500} dir="auto" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        <PasswordInput ref={passwordField} data-testid="emergency-password" label={t('emergency.password')} error={at('password')} withAsterisk aria-required autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }} />
        <div><Button type="submit" color="red.9" data-testid="emergency-open" loading={isBusy} leftSection={<IconUrgent size={18} aria-hidden />}>{t('emergency.open')}</Button></div>
      </Stack>
    </form>
  );
}
