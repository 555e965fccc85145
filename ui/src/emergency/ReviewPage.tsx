import { Button, Group, PasswordInput, Stack, Text, Textarea } from '@mantine/core';
import { IconAlertCircle } from '@tabler/icons-react';
import { useState } from 'react';
import type { Finding, OpeningLine, Problem, Review } from '../backend/types.gen';
import { Card } from '../parts/Card';
import { useBackend, useMay, useSession, useStatus } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Notice } from '../parts/Notice';
import { Page } from '../parts/Page';
import { toast } from '../parts/toast';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';

/** What the emergency access was used for, for clinical managers. The hospital's server alone knows; it asks who they are. */
export function ReviewPage() {
  const t = useWords();
  const backend = useBackend();
  const may = useMay().reviewEmergency;
  const isOffline = useStatus()?.link === 'offline';
  const [password, setPassword] = useState('');
  const [lines, setLines] = useState<OpeningLine[] | null>(null);
  const [problems, setProblems] = useState<Problem[]>([]);

  async function ask(review: Review | null): Promise<boolean> {
    const answer = await backend.reviewEmergency(password, review);
    setProblems(answer.ok ? [] : answer.problems);
    if (answer.ok) setLines(answer.value);
    return answer.ok;
  }

  if (!may) return <Page title={t('review.title')}><Empty>{t('review.notAllowed')}</Empty></Page>;
  return (
    <Page title={t('review.title')}>
      <p className="page-note">{t('review.explain')}</p>
      <div role="status">{isOffline && <Notice kind="warn" testId="review-offline">{t('review.offline')}</Notice>}</div>
      <div role="alert">{problems.map((problem) => <Text key={problem.code} className="danger-text" fw={600}>{t.problem(problem)}</Text>)}</div>
      {lines === null && <PasswordForm password={password} isBarred={isOffline} onChange={setPassword} onSubmit={() => void ask(null)} />}
      {lines?.length === 0 && <Empty>{t('review.none')}</Empty>}
      {lines?.map((line) => <OpeningCard key={line.device + line.id} line={line} isBarred={isOffline} onReview={ask} />)}
    </Page>
  );
}

interface PasswordFormProps { password: string; isBarred: boolean; onChange: (password: string) => void; onSubmit: () => void }

function PasswordForm({ password, isBarred, onChange, onSubmit }: PasswordFormProps) {
  const t = useWords();
  return (
    <form noValidate className="narrow" onSubmit={(event) => { event.preventDefault(); onSubmit(); }}>
      <Stack gap="sm">
        <PasswordInput data-testid="review-password" label={t('emergency.password')} autoComplete="current-password" value={password} onChange={(event) => onChange(event.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }} />
        <div><Button type="submit" data-testid="review-show" disabled={isBarred}>{t('review.show')}</Button></div>
      </Stack>
    </form>
  );
}

/** One opening, and what somebody finds about it. */
export function OpeningCard({ line, isBarred, onReview }: { line: OpeningLine; isBarred: boolean; onReview: (review: Review) => Promise<boolean> }) {
  const t = useWords();
  const moment = useMoment();
  const isOverdue = line.state === 'overdue';
  return (
    <div data-testid="review-item" data-state={line.state}>
      <Card
        title={`${line.who || t('someone')} · ${line.ward} · ${line.desk}`}
        action={<span className={isOverdue ? 'mark mark-held' : 'mark mark-saved'}>{isOverdue && <IconAlertCircle size={15} aria-hidden />} {t.of('OpeningState', line.state)} · {t('review.due', { time: moment(line.due) })}</span>}
      >
        <p className="card-line"><strong dir="auto">{line.reason}</strong></p>
        <p className="line-facts">{moment(line.from)} – {moment(line.until)} · {t('review.lately', { count: line.lately })}</p>
        {line.flaws.length > 0 && <Notice kind="held">{line.flaws.map((flaw) => t.problem(flaw)).join(' ')}</Notice>}
        <dl className="facts">
          <div><dt>{t('review.looked')}</dt><dd>{line.looked.map((one) => <div key={one.patient}><bdi>{one.name || t('unknown')}</bdi> · {moment(one.at)}</div>)}{line.looked.length === 0 && t('review.lookedNone')}</dd></div>
          {line.notes.length > 0 && <div><dt>{t('review.notes')}</dt><dd>{line.notes.map((note) => <div key={note.at + note.text}><bdi className="notes">{note.text}</bdi> · {moment(note.at)}</div>)}</dd></div>}
          {line.reviews.length > 0 && <div><dt>{t('review.earlier')}</dt><dd>{line.reviews.map((one) => <div key={one.at}>{one.by} · {moment(one.at)} · {t.of('Finding', one.finding)} <bdi>{one.words}</bdi></div>)}</dd></div>}
        </dl>
        <Steps line={line} isBarred={isBarred} onReview={onReview} />
      </Card>
    </div>
  );
}

function Steps({ line, isBarred, onReview }: { line: OpeningLine; isBarred: boolean; onReview: (review: Review) => Promise<boolean> }) {
  const t = useWords();
  const { staff } = useSession();
  const [words, setWords] = useState('');
  if (line.staff === staff.id) return <p className="line-facts">{t('problem.emergency.own')}</p>;
  if (line.state === 'open') return <p className="line-facts">{t('problem.emergency.still_open')}</p>;

  async function say(finding: Finding) {
    const review = { device: line.device, opening: line.id, version: line.version, finding, words };
    if (await onReview(review)) toast(t('review.done'));
  }

  return (
    <>
      <Textarea mt={6} className="narrow" label={t('review.words')} description={t('review.wordsHint')} autosize minRows={1} maxRows={8} maxLength={2000} dir="auto" value={words} onChange={(event) => setWords(event.currentTarget.value)} />
      <Group gap="xs" mt={8}>
        <Button size="compact-sm" data-testid="review-accept" disabled={isBarred} onClick={() => void say('accepted')}>{t('review.accept')}</Button>
        <Button size="compact-sm" variant="default" data-testid="review-question" disabled={isBarred} onClick={() => void say('questioned')}>{t('review.question')}</Button>
      </Group>
    </>
  );
}
