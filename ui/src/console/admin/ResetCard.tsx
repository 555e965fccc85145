import { Button, Group } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { OneTime, Problem, Reset, StaffLine } from '../../backend/types.gen';
import { Card } from '../../parts/Card';
import { useWords } from '../../parts/words';
import { useConsole } from '../context';
import { OneTimeNotice } from './parts';

/** How somebody signs in who forgot their password or lost their authenticator. What it does is said before it is done. */
export function ResetCard({ line, hours }: { line: StaffLine; hours: number }) {
  const t = useWords();
  const { admin } = useConsole();
  const client = useQueryClient();
  const [what, setWhat] = useState<Reset | null>(null);
  const [given, setGiven] = useState<OneTime | null>(null);
  const [problems, setProblems] = useState<Problem[]>([]);
  const [isBusy, setIsBusy] = useState(false);
  const { name } = line.staff;

  function ask(next: Reset | null) {
    setWhat(next);
    setGiven(null);
    setProblems([]);
  }

  async function reset(of: Reset) {
    setIsBusy(true);
    const answer = await admin.resetStaff(line.staff.id, of, line.onceUntil);
    setIsBusy(false);
    setProblems(answer.ok ? [] : answer.problems);
    if (answer.ok) {
      setGiven(answer.value);
      setWhat(null);
    }
    await client.invalidateQueries({ queryKey: ['staff'] });
  }

  return (
    <Card title={t('staff.signIn')}>
      <div role="alert">{problems.map((problem) => <p key={problem.code} className="danger-text">{t.problem(problem)}</p>)}</div>
      {given && <OneTimeNotice given={given} name={name} />}
      {what === null && (
        <Group gap="sm">
          <Button variant="default" data-testid="reset-password" onClick={() => ask('password')}>{t('reset.password')}</Button>
          {line.needsSecondFactor && <Button variant="default" data-testid="reset-factor" onClick={() => ask('second_factor')}>{t(line.hasSecondFactor ? 'reset.factor' : 'reset.giveFactor')}</Button>}
        </Group>
      )}
      {what !== null && (
        <div data-testid="reset-ask">
          <p>{t(what === 'password' ? 'reset.passwordExplain' : 'reset.factorExplain', { name })}</p>
          <p className="page-note">{t('reset.learn', { hours })}</p>
          <Group gap="sm">
            <Button data-testid="reset-submit" loading={isBusy} onClick={() => void reset(what)}>{t(what === 'password' ? 'reset.passwordOf' : 'reset.factorOf', { name })}</Button>
            <Button variant="default" onClick={() => ask(null)}>{t('console.cancel')}</Button>
          </Group>
        </div>
      )}
    </Card>
  );
}
