import { Button, Group, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Choice, ConflictWhole, Kind, Side } from '../backend/types.gen';
import { Card } from '../parts/Card';
import { useNames } from '../parts/context';
import { Notice } from '../parts/Notice';
import { Page } from '../parts/Page';
import { useMoment } from '../parts/useTime';
import { useValueText } from '../parts/values';
import { useWords } from '../parts/words';
import { useSettle } from './ConflictsPage';
import { Loaded } from './context';
import { PairCard } from './PairCard';
import { useConflictOne } from './queries';
import { href } from './route';

/** One decision side by side: what it was, what each side said, who, when and where, and which rule decided. */
export function ConsoleConflictPage({ hash }: { hash: string }) {
  const t = useWords();
  const query = useConflictOne(hash);
  return (
    <Page title={t('items.oneTitle')}>
      <p className="page-note"><a href={href({ page: 'conflicts' })}>{t('items.back')}</a></p>
      <Loaded query={query}>{(whole) => <Whole whole={whole} />}</Loaded>
    </Page>
  );
}

function Whole({ whole }: { whole: ConflictWhole }) {
  const t = useWords();
  const moment = useMoment();
  const names = useNames();
  const { line, item } = whole;
  const kind = line.recordKind ? t.of('kind', line.recordKind) : t.of('ItemKind', line.kind);
  return (
    <>
      <Card title={[kind, line.about ?? line.desk].filter(Boolean).join(' · ')} action={<span className="mark mark-conflict">{t.of('ItemKind', line.kind)}</span>}>
        <p data-testid="item-rule">{t.problem(item.rule)}</p>
        <dl className="facts">
          <div><dt>{t('items.since')}</dt><dd>{moment(line.raisedAt)}</dd></div>
          <div><dt>{t('items.ward')}</dt><dd>{names.ward(line.ward) || t('unknown')}</dd></div>
          <div><dt>{t('items.owner')}</dt><dd>{names.staff(line.owner) || t('items.nobody')}</dd></div>
          {line.settledAt && <div><dt>{t('items.settledAt')}</dt><dd data-testid="item-settled">{[line.action && t.of('ItemAction', line.action), names.staff(line.settledBy), moment(line.settledAt)].filter(Boolean).join(' · ')}</dd></div>}
        </dl>
      </Card>
      {line.recordKind && <Sides kind={line.recordKind} whole={whole} />}
      {line.kind === 'duplicate' && line.record && whole.other && item.sides.length === 0 && <PairCard one={line.record} other={whole.other} rule={item.rule} isOpen={!line.settledAt} hash={line.id} isMerged={line.action === 'merged'} />}
      {!line.settledAt && line.kind !== 'duplicate' && <Decide whole={whole} />}
      {!line.settledAt && line.kind === 'duplicate' && item.sides.length > 0 && <Decide whole={whole} />}
      {line.canUndo && <Undo id={line.id} />}
    </>
  );
}

function Undo({ id }: { id: string }) {
  const t = useWords();
  const { undo } = useSettle();
  return <Button variant="default" data-testid="item-undo" onClick={() => void undo([id])}>{t('items.undo')}</Button>;
}

function Sides({ kind, whole: { item, now, desks } }: { kind: Kind; whole: ConflictWhole }) {
  const t = useWords();
  const value = useValueText();
  if (item.paths.length === 0) return null;
  const cell = (values: unknown[]) => item.paths.map((path, place) => (
    <p className="conflict-value" key={path}>{item.paths.length > 1 && <span className="line-facts">{t.field(path)}</span>}<bdi>{value(kind, path, values[place])}</bdi></p>
  ));
  return (
    <section className="card conflict" aria-label={t('items.sides')} data-testid="item-sides">
      <div className="card-head"><h2>{item.paths.map((path) => t.field(path)).join(', ')}</h2></div>
      <div className="conflict-columns">
        {item.sides.length > 0 && <div className="conflict-column"><h3>{t('conflict.before')}</h3>{cell(item.before)}</div>}
        {item.sides.map((side, place) => <SideColumn key={side.change} side={side} desk={desks[place] ?? ''} letter={letters[place] ?? '…'}>{cell(side.values)}</SideColumn>)}
        <div className="conflict-column"><h3>{t('items.now')}</h3>{cell(now)}</div>
      </div>
    </section>
  );
}

const letters = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'];

function SideColumn({ side, desk, letter, children }: { side: Side; desk: string; letter: string; children: React.ReactNode }) {
  const t = useWords();
  const moment = useMoment();
  const names = useNames();
  return (
    <div className="conflict-column">
      <h3>{t('items.side', { letter })}</h3>
      {children}
      <p className="line-facts">{names.staff(side.staff) || t('someone')} · {moment(side.at)} · <bdi>{desk || t('desk', { n: side.device })}</bdi></p>
    </div>
  );
}

function Decide({ whole: { line, item, maySettle, mayKeepBoth } }: { whole: ConflictWhole }) {
  const t = useWords();
  const { settle } = useSettle();
  const [typed, setTyped] = useState('');
  const [isBusy, setIsBusy] = useState(false);
  const act = async (choice: Choice) => {
    setIsBusy(true);
    await settle([line.id], choice);
    setIsBusy(false);
  };
  if (!maySettle) return <Notice kind="info" testId="item-barred">{t('items.barred')}</Notice>;
  const isDisputed = item.sides.length > 0 && line.kind !== 'duplicate';
  const isText = item.paths.length === 1 && item.sides.every(({ values }) => values[0] === null || typeof values[0] === 'string');
  return (
    <Card title={t('items.decide')}>
      <p className="line-facts">{t('items.decideExplain')}</p>
      <Group gap="xs" mt="sm">
        {isDisputed && <Button data-testid="item-keep" disabled={isBusy} onClick={() => void act({ action: 'keep' })}>{t('items.keep')}</Button>}
        {isDisputed && item.sides.map((side, place) => (
          <Button key={side.change} variant="default" data-testid={`item-take-${place}`} disabled={isBusy} onClick={() => void act({ action: 'take', side: place })}>{t('items.take', { letter: letters[place] ?? '…' })}</Button>
        ))}
        {isDisputed && mayKeepBoth && <Button variant="default" data-testid="item-both" disabled={isBusy} onClick={() => void act({ action: 'both' })}>{t('items.both')}</Button>}
        {isDisputed && <Button variant="default" data-testid="item-restore" disabled={isBusy} onClick={() => void act({ action: 'restore' })}>{t('items.restore')}</Button>}
        <Button variant="default" data-testid="item-dismiss" disabled={isBusy} onClick={() => void act({ action: 'dismiss' })}>{t('items.dismiss')}</Button>
      </Group>
      {isDisputed && isText && (
        <form noValidate className="narrow" onSubmit={(event) => { event.preventDefault(); void act({ action: 'write', values: [typed] }); }}>
          <TextInput mt="sm" data-testid="item-typed" label={t('items.typed')} dir="auto" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
          <Group mt={8}><Button type="submit" variant="default" data-testid="item-write" disabled={isBusy || typed.trim() === ''}>{t('items.write')}</Button></Group>
        </form>
      )}
    </Card>
  );
}
