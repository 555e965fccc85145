import { Button, Group, Text } from '@mantine/core';
import { useEffect, useRef, type ReactNode } from 'react';
import type { Problem } from '../backend/types.gen';
import { useNames, useReference } from './context';
import { fieldId } from './fields';
import type { RecordForm } from './form';
import { Notice } from './Notice';
import { Page } from './Page';
import { go, type Route } from './route';
import { useWords } from './words';
import { wallOf } from './zone';

interface FormPageProps {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the frame does not care which record the form edits
  form: RecordForm<any>;
  title: string;
  banner?: ReactNode;
  /** Where to go when the form is left. */
  back: Route;
  submitLabel: string;
  submitId: string;
  isBarred?: string | null;
  onSubmit: () => void;
  moreButtons?: ReactNode;
  children: ReactNode;
}

/** The frame of every form: problems on top, notice of newer versions, buttons that stay in sight. */
export function FormPage({ form, title, banner, back, submitLabel, submitId, isBarred, onSubmit, moreButtons, children }: FormPageProps) {
  const t = useWords();
  return (
    <Page title={title} banner={banner}>
      <form noValidate className="form" onSubmit={(event) => { event.preventDefault(); if (!isBarred) onSubmit(); }}>
        <div className="form-body">
          <ProblemSummary problems={form.problems} refusals={form.refusals} />
          <NewerNotice form={form} />
          {isBarred && <Notice kind="warn">{isBarred}</Notice>}
          {children}
        </div>
        <div className="form-bar no-print">
          <Group gap="sm">
            <Button type="submit" data-testid={submitId} loading={form.isSaving} disabled={Boolean(isBarred)}>{submitLabel}</Button>
            {moreButtons}
            <Button variant="default" onClick={() => go(back)}>{form.isDirty ? t('form.later') : t('form.back')}</Button>
            {form.isDirty && (
              <Button variant="subtle" color="red" onClick={() => { form.discard(); go(back); }}>{t('form.discard')}</Button>
            )}
          </Group>
          <Text size="sm" c="dimmed">{t('form.savedHereFirst')}</Text>
        </div>
      </form>
    </Page>
  );
}

/** All problems at once, each leading to its field. Takes the focus when a save is refused. */
function ProblemSummary({ problems, refusals }: { problems: Problem[]; refusals: number }) {
  const t = useWords();
  const box = useRef<HTMLDivElement>(null);
  const hasProblems = problems.length > 0;
  useEffect(() => {
    if (refusals > 0) box.current?.focus();
  }, [refusals]);
  if (!hasProblems) return null;
  return (
    <Notice box={box} role="alert" testId="problem-summary" kind="held" title={t('form.problems', { count: problems.length })}>
      <ul>
        {problems.map((problem) => (
          <li key={problem.code + problem.field}>
            <button type="button" className="link" onClick={() => focusField(problem.field)}>
              {problem.field ? `${t.field(problem.field)} – ` : ''}{t.problem(problem)}
            </button>
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function focusField(path: string): void {
  const exact = document.getElementById(fieldId(path));
  const within = `[id^="${fieldId(path.split('/')[0] ?? '')}-"]`;
  const near = document.querySelector<HTMLElement>(`input${within}, select${within}, textarea${within}`);
  (exact ?? near)?.focus();
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
function NewerNotice({ form }: { form: RecordForm<any> }) {
  const t = useWords();
  const names = useNames();
  const { zone } = useReference();
  if (!form.newer) return <div role="status" />;
  const who = names.staff(form.newer.changedBy) || t('someone');
  return (
    <div role="status">
      <Notice kind="info" title={t('form.changedBy', { who, time: wallOf(form.newer.changedAt ?? '', zone).time })}>
        {t('form.changedKeeps')}
      </Notice>
    </div>
  );
}
