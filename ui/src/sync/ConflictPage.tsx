import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { Conflict, Kind, Row, Version } from '../backend/types.gen';
import { Banner } from '../parts/Banner';
import { useBackend, useMay, useNames } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Page } from '../parts/Page';
import { useConflicts } from '../parts/queries';
import { href } from '../parts/route';
import { toastProblem, toastUndo } from '../parts/toast';
import { useTime } from '../parts/useTime';
import { useValueText } from '../parts/values';
import { useWords } from '../parts/words';
import { useSubject } from './ConflictList';

const nothingYet: { row: Row | null; conflicts: Conflict[] } = { row: null, conflicts: [] };

/** Field by field: what it was, what this computer wrote, what the other place wrote. */
export function ConflictPage({ kind, id }: { kind: Kind; id: string }) {
  const t = useWords();
  const { data: { row, conflicts } = nothingYet, isPending } = useConflicts(kind, id);
  const subject = useSubject(row);
  return (
    <Page title={t('conflict.title', { kind: t(`kind.${kind}`) })} banner={subject && <Banner row={subject} isLink />} actions={<a href={href({ page: 'conflicts' })}>{t('conflict.back')}</a>}>
      <p className="page-note">{t('conflict.explain')}</p>
      {!isPending && conflicts.length === 0 && <Empty>{t('conflict.settled')}</Empty>}
      {row && conflicts.map((conflict) => <ConflictField key={conflict.path} conflict={conflict} row={row} />)}
    </Page>
  );
}

/** Fields whose text may be joined: what two people wrote about one thing. */
const joinable = ['reason', 'text', 'reaction', 'instructions', 'relationship', 'notes', 'strikeReason', 'prnReason'];

function ConflictField({ conflict, row }: { conflict: Conflict; row: Row }) {
  const t = useWords();
  const value = useValueText();
  const mayWrite = useMay().write(row.kind, conflict.path.split('/')[0] ?? '');
  const keep = useKeep(row, conflict);
  const texts = conflict.values.map((version) => version.value).filter((one): one is string => typeof one === 'string' && one !== '');
  const isJoinable = joinable.includes(conflict.path.split('/').at(-1) ?? '') && texts.length > 1;
  // here first, so that the columns are the same for every field
  const ordered = [...conflict.values].sort((a, b) => Number(b.isHere) - Number(a.isHere));
  return (
    <section className="card conflict" data-testid="conflict-field" aria-label={t.field(conflict.path)}>
      <div className="card-head"><h2>{t.field(conflict.path)}</h2></div>
      <p className="line-facts">{t.problem(conflict.rule)}</p>
      <div className="conflict-columns">
        <div className="conflict-column">
          <h3>{t('conflict.before')}</h3>
          <p className="conflict-value"><bdi>{value(row.kind, conflict.path, conflict.before)}</bdi></p>
        </div>
        {ordered.map((version) => (
          <VersionColumn key={`${version.device} ${version.at} ${String(version.value)}`} kind={row.kind} path={conflict.path} version={version} isShown={version === conflict.values[0]} isBarred={!mayWrite} onKeep={() => void keep(version.value)} />
        ))}
      </div>
      {isJoinable && <Button variant="default" mt="sm" disabled={!mayWrite} data-testid="conflict-both" onClick={() => void keep(texts.join('; '))}>{t('conflict.keepBoth')}</Button>}
      {!mayWrite && <p className="dimmed-text">{t('may.notSettle')}</p>}
    </section>
  );
}

interface VersionColumnProps { kind: Kind; path: string; version: Version; isShown: boolean; isBarred: boolean; onKeep: () => void }

function VersionColumn({ kind, path, version, isShown, isBarred, onKeep }: VersionColumnProps) {
  const t = useWords();
  const time = useTime();
  const names = useNames();
  const value = useValueText();
  const text = value(kind, path, version.value);
  return (
    <div className="conflict-column">
      <h3>{version.isHere ? t('conflict.here') : t('conflict.there')}</h3>
      <p className="conflict-value"><bdi>{text}</bdi></p>
      <p className="line-facts">{names.staff(version.staff) || t('someone')} · {time(version.at)}{version.isHere ? '' : ` · ${t('desk', { n: version.device })}`}</p>
      {isShown && <p className="line-facts">{t('conflict.showsNow')}</p>}
      <Button data-testid="conflict-keep" variant="default" disabled={isBarred} aria-label={t('conflict.keepThis', { value: text })} onClick={onKeep}>{t('conflict.keep')}</Button>
    </div>
  );
}

function useKeep(row: Row, conflict: Conflict) {
  const t = useWords();
  const backend = useBackend();
  const client = useQueryClient();
  const value = useValueText();
  const shown = conflict.values[0]?.value;

  /** Settles the field as it was at `heads`; if others wrote it since, the page shows what they wrote instead. */
  async function settle(chosen: unknown, heads: string): Promise<Row | null> {
    const answer = await backend.resolve(row.kind, row.id, conflict.path, chosen, heads);
    if (answer.outcome === 'saved') return answer.row;
    toastProblem(answer.problems.map((problem) => t.problem(problem)).join(' '));
    await client.invalidateQueries({ queryKey: ['conflicts', row.kind, row.id] });
    return null;
  }

  return async (chosen: unknown) => {
    const kept = await settle(chosen, row.heads);
    if (!kept) return;
    const said = t('conflict.kept', { field: t.field(conflict.path), value: value(row.kind, conflict.path, chosen) });
    toastUndo(said, t('undo'), () => void settle(shown, kept.heads));
  };
}
