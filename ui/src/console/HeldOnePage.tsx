import { Button, Group, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { FieldChange, HeldWhole, Kind, Problem } from '../backend/types.gen';
import { Card } from '../parts/Card';
import { useNames } from '../parts/context';
import { Notice } from '../parts/Notice';
import { Page } from '../parts/Page';
import { toast } from '../parts/toast';
import { useMoment } from '../parts/useTime';
import { isSilent, useValueText } from '../parts/values';
import { useWords } from '../parts/words';
import { Loaded, useConsole } from './context';
import { HeldMark } from './HeldPage';
import { useHeldOne } from './queries';
import { go, href } from './route';

/** One piece of held work: what it writes beside what the record has, and the decision. */
export function HeldOnePage({ hash }: { hash: string }) {
  const t = useWords();
  const query = useHeldOne(hash);
  return (
    <Page title={t('heldWork.oneTitle')}>
      <p className="page-note"><a href={href({ page: 'held' })}>{t('heldWork.back')}</a></p>
      <Loaded query={query}>{(whole) => <Whole whole={whole} />}</Loaded>
    </Page>
  );
}

function Whole({ whole }: { whole: HeldWhole }) {
  const t = useWords();
  const moment = useMoment();
  const names = useNames();
  const { line } = whole;
  const kind = line.kind ? t.of('kind', line.kind) : t('unknown');
  return (
    <>
      <Card title={whole.about ? `${kind} · ${whole.about}` : kind} action={<HeldMark line={line} />}>
        <Notice kind="held" title={t('heldWork.why')}>
          {line.problems.map((problem) => <p key={problem.code + problem.field}>{problem.field && `${t.field(problem.field)}: `}{t.problem(problem)}</p>)}
        </Notice>
        <dl className="facts">
          <div><dt>{t('heldWork.who')}</dt><dd>{names.staff(line.staff) || t('someone')}</dd></div>
          <div><dt>{t('heldWork.where')}</dt><dd>{[line.desk, names.ward(line.ward)].filter(Boolean).join(' · ')}</dd></div>
          <div><dt>{t('heldWork.when')}</dt><dd>{moment(line.heldAt)}</dd></div>
          {whole.reason && <div><dt>{t('heldWork.refusedWith')}</dt><dd dir="auto">{whole.reason}</dd></div>}
        </dl>
      </Card>
      {line.kind && <Fields kind={line.kind} whole={whole} />}
      {line.state === 'waiting' && <Decision whole={whole} />}
    </>
  );
}

function Fields({ kind, whole }: { kind: Kind; whole: HeldWhole }) {
  const t = useWords();
  const shown = whole.writes.filter(({ path }) => !isSilent(path) && !path.endsWith('/id'));
  if (shown.length === 0) return <Notice kind="info">{t('heldWork.unreadable')}</Notice>;
  return (
    <table className="table" data-testid="held-fields">
      <caption className="visually-hidden">{t('heldWork.fields')}</caption>
      <thead><tr><th scope="col">{t('heldWork.field')}</th><th scope="col">{whole.isInRecord ? t('heldWork.now') : t('heldWork.nowNone')}</th><th scope="col">{t('heldWork.written')}</th></tr></thead>
      <tbody>{shown.map((change) => <FieldRow key={change.path} kind={kind} change={change} />)}</tbody>
    </table>
  );
}

function FieldRow({ kind, change: { path, before, after } }: { kind: Kind; change: FieldChange }) {
  const t = useWords();
  const value = useValueText();
  return (
    <tr>
      <th scope="row">{t.field(path)}</th>
      <td className="wraps"><span className="only-narrow">{t('heldWork.now')}: </span><bdi>{value(kind, path, before)}</bdi></td>
      <td className="wraps"><span className="only-narrow">{t('heldWork.written')}: </span><ins><bdi>{value(kind, path, after)}</bdi></ins></td>
    </tr>
  );
}

function Decision({ whole: { line } }: { whole: HeldWhole }) {
  const t = useWords();
  const backend = useConsole();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const [problems, setProblems] = useState<Problem[]>([]);
  const [isBusy, setIsBusy] = useState(false);

  async function decide(refusal: string | null) {
    setIsBusy(true);
    const answer = await backend.decideHeld(line.hash, refusal);
    setIsBusy(false);
    const found = answer.ok ? answer.value.problems : answer.problems;
    setProblems(found);
    if (found.length > 0) return;
    toast(t(refusal === null ? 'heldWork.released' : 'heldWork.refused'));
    go({ page: 'held' });
    await client.invalidateQueries({ queryKey: ['held'] });
  }

  return (
    <Card title={t('heldWork.decide')}>
      <p className="line-facts">{line.isFinal ? t('heldWork.finalExplain') : t('heldWork.decideExplain')}</p>
      <div role="alert">{problems.map((problem) => <Notice key={problem.code + problem.field} kind="held" testId="held-problem">{problem.field && `${t.field(problem.field)}: `}{t.problem(problem)}</Notice>)}</div>
      {!line.isFinal && <Button data-testid="held-release" disabled={isBusy} onClick={() => void decide(null)}>{t('heldWork.release')}</Button>}
      <form noValidate className="narrow" onSubmit={(event) => { event.preventDefault(); void decide(reason); }}>
        <Textarea mt="sm" data-testid="held-reason" label={t('heldWork.reason')} description={t('heldWork.reasonHint')} autosize minRows={2} maxRows={6} maxLength={500} dir="auto" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        <Group mt={8}><Button type="submit" variant="default" data-testid="held-refuse" disabled={isBusy}>{t('heldWork.refuse')}</Button></Group>
      </form>
    </Card>
  );
}
