import { Button, PasswordInput, Progress, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Outcome } from '../backend';
import type { BadEntry, LogLook, LookProgress, Problem } from '../backend/types.gen';
import { Card } from '../parts/Card';
import { useBackend, useMay, useStatus } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Notice } from '../parts/Notice';
import { Page } from '../parts/Page';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';

/** Whether anybody changed what was written down, at this computer and at the hospital's server. */
export function AuditPage() {
  const t = useWords();
  if (!useMay().readAudit) return <Page title={t('auditing.title')}><Empty>{t('auditing.notAllowed')}</Empty></Page>;
  return (
    <Page title={t('auditing.title')}>
      <p className="page-note">{t('auditing.explain')}</p>
      <OwnChain />
      <HubLog />
    </Page>
  );
}

function OwnChain() {
  const t = useWords();
  const backend = useBackend();
  // entries are added all the time: an old answer is never shown as a new one
  const { data: look, isFetching, refetch } = useQuery({ queryKey: ['auditChain'], queryFn: () => backend.auditChain(), gcTime: 0 });
  return (
    <Card title={t('auditing.own')} action={<Button variant="default" size="xs" data-testid="audit-again" loading={isFetching} onClick={() => void refetch()}>{t('auditing.again')}</Button>}>
      <Text size="sm" c="dimmed">{t('auditing.ownExplain')}</Text>
      {look && (
        <Stack gap="xs" mt={6} data-testid="audit-own" data-whole={look.bad === null}>
          <Verdict bad={look.bad ? [look.bad] : []} />
          <dl className="facts">
            <div><dt>{t('auditing.entries')}</dt><dd>{look.entries}</dd></div>
            <div><dt>{t('auditing.unsent')}</dt><dd>{look.unsent}</dd></div>
          </dl>
        </Stack>
      )}
    </Card>
  );
}

/** Asks the server, again and again while it looks. Leaving the page ends the asking. */
export function useLogLook(ask: (run: string | null) => Promise<Outcome<LookProgress>>) {
  const [look, setLook] = useState<LookProgress | null>(null);
  const [problems, setProblems] = useState<Problem[]>([]);
  const [isLooking, setIsLooking] = useState(false);
  const isHere = useRef(true);
  useEffect(() => {
    isHere.current = true;
    return () => { isHere.current = false; };
  }, []);

  async function begin(): Promise<void> {
    setIsLooking(true);
    setLook(null);
    setProblems([]);
    let run: string | null = null;
    for (let isOver = false; !isOver && isHere.current;) {
      const answer = await ask(run);
      if (answer.ok) setLook(answer.value);
      else setProblems(answer.problems);
      isOver = !answer.ok || answer.value.found !== null;
      run = answer.ok ? answer.value.run : null;
    }
    setIsLooking(false);
  }
  return { look, problems, isLooking, begin };
}

function HubLog() {
  const t = useWords();
  const backend = useBackend();
  const isOffline = useStatus()?.link === 'offline';
  const [password, setPassword] = useState('');
  const { look, problems, isLooking, begin } = useLogLook((run) => backend.auditLog(password, run));
  return (
    <Card title={t('auditing.hub')}>
      <Text size="sm" c="dimmed">{t('auditing.hubExplain')}</Text>
      <div role="status">{isOffline && <Notice kind="warn" testId="audit-offline">{t('auditing.offline')}</Notice>}</div>
      <form noValidate className="narrow" onSubmit={(event) => { event.preventDefault(); void begin(); }}>
        <Stack gap="sm">
          <PasswordInput data-testid="audit-password" label={t('emergency.password')} autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }} />
          <div><Button type="submit" data-testid="audit-look" disabled={isOffline || isLooking}>{t('auditing.look')}</Button></div>
        </Stack>
      </form>
      <div role="alert">{problems.map((problem) => <Text key={problem.code} className="danger-text" fw={600}>{t.problem(problem)}</Text>)}</div>
      {isLooking && look && look.all > 0 && (
        <Stack gap={4} mt="sm" data-testid="audit-progress">
          <Progress aria-label={t('auditing.look')} value={(100 * look.done) / look.all} />
          <Text size="sm">{t('auditing.progress', { done: look.done, all: look.all })}</Text>
        </Stack>
      )}
      {look?.found && <Found found={look.found} />}
    </Card>
  );
}

/** What a look at the whole log found. */
export function Found({ found }: { found: LogLook }) {
  const t = useWords();
  const moment = useMoment();
  const { head } = found;
  const signed = head && t('auditing.headText', { size: head.size, time: moment(new Date(head.at_ms).toISOString()) });
  return (
    <Stack gap="xs" mt="sm" data-testid="audit-found">
      <Verdict bad={[...(found.first_bad_leaf ? [found.first_bad_leaf] : []), ...found.bad_chains]} />
      <dl className="facts">
        <div><dt>{t('auditing.leaves')}</dt><dd>{found.leaves}</dd></div>
        <div><dt>{t('auditing.head')}</dt><dd>{signed ?? t('auditing.headNone')}</dd></div>
        {head && <div><dt>{t('auditing.root')}</dt><dd><code>{head.root}</code><br /><span className="line-facts">{t('auditing.rootHint')}</span></dd></div>}
        <div><dt>{t('auditing.heads')}</dt><dd>{found.heads}</dd></div>
        <div><dt>{t('auditing.chains')}</dt><dd>{found.chains}</dd></div>
        <div><dt>{t('auditing.alarms')}</dt><dd>{found.alarms}</dd></div>
      </dl>
    </Stack>
  );
}

function Verdict({ bad }: { bad: readonly BadEntry[] }) {
  const t = useWords();
  if (bad.length === 0) return <div role="status"><Notice kind="info">{t('auditing.whole')}</Notice></div>;
  return (
    <Notice kind="held" role="alert">
      {bad.map(({ place, why }) => <p key={place}>{t('auditing.bad', { place, why: t.of('AuditFlaw', why) })}</p>)}
    </Notice>
  );
}
