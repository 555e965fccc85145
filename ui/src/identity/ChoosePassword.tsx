import { PasswordInput } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { Notice } from '../parts/Notice';
import { useWords } from '../parts/words';

/** What somebody chooses whose password was given to them for once. */
export function ChoosePassword({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const t = useWords();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <>
      <Notice kind="info" role="alert" testId="choose-password"><p>{t('signIn.choose')}</p></Notice>
      <PasswordInput
        ref={field} data-testid="sign-in-new" label={t('signIn.newPassword')} description={t('signIn.newHint')} autoComplete="new-password" value={value}
        onChange={(event) => onChange(event.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }}
      />
    </>
  );
}
