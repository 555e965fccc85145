import { Button, Group, PasswordInput } from '@mantine/core';
import { useState, type ReactNode, type RefObject } from 'react';
import type { OneTime, Problem } from '../../backend/types.gen';
import { Notice } from '../../parts/Notice';
import { useMoment } from '../../parts/useTime';
import { useWords } from '../../parts/words';

interface FoundProps { box: RefObject<HTMLDivElement | null>; problems: readonly Problem[]; fields: readonly string[]; testId: string }

/** What stands in the way, above a form: what is about no field of it in full, the rest beside the fields. */
export function Found({ box, problems, fields, testId }: FoundProps) {
  const t = useWords();
  const others = problems.filter((problem) => !fields.includes(problem.field));
  return (
    <div role="alert">
      {problems.length > 0 && (
        <Notice box={box} kind="held" testId={testId} title={t('admin.notSaved')}>
          {others.map((problem) => <p key={problem.code}>{t.problem(problem)}</p>)}
          {others.length < problems.length && <p>{t('admin.seeFields')}</p>}
        </Notice>
      )}
    </div>
  );
}

/** Somebody else changed what the form is about: nothing typed goes by itself. */
export function Moved({ now, onReopen, onGoOn }: { now: ReactNode; onReopen: () => void; onGoOn: () => void }) {
  const t = useWords();
  return (
    <Notice kind="warn" role="alert" testId="moved" title={t('admin.moved')}>
      <p>{t('admin.movedNow')} {now}</p>
      <Group gap="xs" mt={6}>
        <Button size="compact-sm" variant="default" data-testid="moved-go-on" onClick={onGoOn}>{t('admin.goOn')}</Button>
        <Button size="compact-sm" variant="default" data-testid="moved-reopen" onClick={onReopen}>{t('hours.reopen')}</Button>
      </Group>
    </Notice>
  );
}

/** A password for once, which nobody is shown again. */
export function OneTimeNotice({ given, name }: { given: OneTime; name: string }) {
  const t = useWords();
  const moment = useMoment();
  return (
    <div role="status">
      <Notice kind="info" testId="one-time" title={t('once.title', { name })}>
        <dl className="facts">
          <div><dt>{t('signIn.username')}</dt><dd><code>{given.username}</code></dd></div>
          <div><dt>{t('once.password')}</dt><dd><code className="once" data-testid="one-time-password">{given.password}</code></dd></div>
        </dl>
        <p>{t('once.explain', { until: moment(given.until) })}</p>
      </Notice>
    </div>
  );
}

interface NewPasswordProps { label: string; value: string; error?: string; testId: string; hint?: string; onChange: (value: string) => void }

/** A password somebody chooses: seen as it is typed if they like, so that it is typed once. */
export function NewPassword({ label, value, error, testId, hint, onChange }: NewPasswordProps) {
  const t = useWords();
  const [isShown, setIsShown] = useState(false);
  return (
    <PasswordInput
      label={label} description={hint} error={error} data-testid={testId} autoComplete="new-password" value={value} visible={isShown} onVisibilityChange={setIsShown}
      onChange={(event) => onChange(event.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }}
    />
  );
}
