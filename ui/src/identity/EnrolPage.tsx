import { Button, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { DeskState, Problem } from '../backend/types.gen';
import { useBackend } from '../parts/context';
import { Notice } from '../parts/Notice';
import { useWords } from '../parts/words';
import { Door } from './Door';

/** A computer that no hospital knows yet: where the hub is, the one-time code, and a name for this desk. */
export function EnrolPage({ desk }: { desk: DeskState }) {
  const t = useWords();
  const backend = useBackend();
  const client = useQueryClient();
  const [hub, setHub] = useState('');
  const [code, setCode] = useState('');
  const [name, setName] = useState('');
  const [problems, setProblems] = useState<Problem[]>([]);
  const [isBusy, setIsBusy] = useState(false);
  const errorAt = (field: string) => {
    const found = problems.find((problem) => problem.field === field);
    return found && t.problem(found);
  };
  const others = problems.filter(({ field }) => !['hub', 'code', 'name'].includes(field));

  async function submit() {
    // the text to scan names the hub as well
    const isScanned = code.trim().startsWith('wardbook:');
    const blank = [['hub', isScanned ? 'named' : hub], ['code', code], ['name', name]].filter(([, text]) => !text?.trim());
    if (blank.length > 0) {
      setProblems(blank.map(([field = '']) => ({ code: 'required', field, with: {} })));
      return;
    }
    setIsBusy(true);
    const answer = await backend.enrol(hub.trim(), code.trim(), name.trim());
    setIsBusy(false);
    if (answer.ok) await client.invalidateQueries();
    else setProblems(answer.problems);
  }

  // there is a desk here, which nobody can open: a new one in its place would lose its work
  if (desk.trouble?.code === 'keychain.unavailable') {
    return <Door title={t('enrol.title')}><Notice role="alert" kind="held">{t.problem(desk.trouble)}</Notice></Door>;
  }
  return (
    <Door title={t('enrol.title')}>
      <form noValidate onSubmit={(event) => { event.preventDefault(); void submit(); }}>
        <Stack gap="sm">
          <Text size="sm">{t('enrol.explain')}</Text>
          {desk.trouble && <Notice role="alert" kind="held">{t.problem(desk.trouble)}</Notice>}
          {desk.keychain === 'file' && <Notice kind="info">{t('keychain.file')}</Notice>}
          {others.map((problem) => <Notice key={problem.code} role="alert" kind="held">{t.problem(problem)}</Notice>)}
          <TextInput data-testid="enrol-hub" id="enrol-hub" label={t('enrol.hub')} description={t('enrol.hubHint')} value={hub} error={errorAt('hub')} onChange={(event) => setHub(event.currentTarget.value)} spellCheck={false} />
          <TextInput data-testid="enrol-code" id="enrol-code" label={t('enrol.code')} description={t('enrol.codeHint')} value={code} error={errorAt('code')} onChange={(event) => setCode(event.currentTarget.value)} autoComplete="one-time-code" spellCheck={false} />
          <TextInput data-testid="enrol-name" id="enrol-name" label={t('enrol.name')} description={t('enrol.nameHint')} value={name} error={errorAt('name')} onChange={(event) => setName(event.currentTarget.value)} autoComplete="off" />
          <Button type="submit" data-testid="enrol-submit" loading={isBusy}>{t('enrol.submit')}</Button>
        </Stack>
      </form>
    </Door>
  );
}
