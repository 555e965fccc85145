import { Button, Checkbox, Group, NativeSelect, SegmentedControl } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type KeyboardEvent } from 'react';
import type { Choice, ConflictLine, ItemKind } from '../backend/types.gen';
import { useNames, useReference, useSession } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Page } from '../parts/Page';
import { toast, toastProblem, toastUndo } from '../parts/toast';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';
import type { Narrow } from './backend';
import { Loaded, MoreButton, useConsole, useSay } from './context';
import { everything, useConflicts } from './queries';
import { href, type ConsoleRoute, type Shown } from './route';

const kinds: readonly ItemKind[] = ['hard', 'soft', 'invariant', 'duplicate', 'quarantine', 'stale', 'money', 'clock'];

/** Everything that was decided without asking anybody, oldest first: narrowed, looked after and settled, also many at once. */
export function ConflictsPage({ asked }: { asked?: Shown }) {
  const t = useWords();
  const [narrow, setNarrow] = useState<Narrow>({ ...everything, ...asked });
  const query = useConflicts(narrow);
  return (
    <Page title={t('console.conflicts')}>
      <p className="page-note">{t('items.explain')}</p>
      <Filters narrow={narrow} onChange={setNarrow} />
      <Loaded query={query}>
        {({ pages }) => {
          const lines = pages.flatMap((page) => page.lines);
          return lines.length === 0 ? <Empty>{t(narrow.state ? 'items.noneSettled' : 'items.none')}</Empty> : <Lines key={JSON.stringify(narrow)} lines={lines} isOpen={!narrow.state} />;
        }}
      </Loaded>
      <MoreButton query={query} />
    </Page>
  );
}

function Filters({ narrow, onChange }: { narrow: Narrow; onChange: (narrow: Narrow) => void }) {
  const t = useWords();
  const { wards } = useReference();
  const { staff } = useSession();
  const set = (more: Partial<Narrow>) => onChange({ ...narrow, ...more });
  const any = { value: '', label: t('items.any') };
  return (
    <div className="segments">
      <SegmentedControl
        aria-label={t('items.which')} value={narrow.state ?? 'open'} onChange={(value) => set({ state: value === 'settled' ? 'settled' : null })}
        data={[{ value: 'open', label: t('items.open') }, { value: 'settled', label: t('items.settled') }]}
      />
      <Group gap="sm" mt="sm" align="end">
        <NativeSelect data-testid="items-kind" label={t('items.kind')} value={narrow.kind ?? ''} onChange={(event) => set({ kind: event.currentTarget.value || null })} data={[any, ...kinds.map((kind) => ({ value: kind, label: t.of('ItemKind', kind) }))]} />
        <NativeSelect data-testid="items-ward" label={t('items.ward')} value={narrow.ward ?? ''} onChange={(event) => set({ ward: event.currentTarget.value || null })} data={[any, ...wards.map(({ id, name }) => ({ value: id, label: name }))]} />
        <NativeSelect data-testid="items-age" label={t('items.age')} value={narrow.hours ?? ''} onChange={(event) => set({ hours: event.currentTarget.value || null })} data={[any, ...['1', '24', '168'].map((hours) => ({ value: hours, label: t.of('ItemAge', hours) }))]} />
        <NativeSelect data-testid="items-owner" label={t('items.owner')} value={narrow.owner ?? ''} onChange={(event) => set({ owner: event.currentTarget.value || null })} data={[any, { value: staff.id, label: t('items.mine') }]} />
      </Group>
    </div>
  );
}

/** Arrow keys go from line to line, `x` marks the one that has the focus. */
function onKey(event: KeyboardEvent<HTMLTableElement>) {
  const row = (event.target as HTMLElement).closest('tr');
  if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
  const step = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
  if (step) {
    step.querySelector('a')?.focus();
    event.preventDefault();
  } else if (event.key === 'x') {
    row.querySelector<HTMLInputElement>('input[type=checkbox]')?.click();
  }
}

function Lines({ lines, isOpen }: { lines: ConflictLine[]; isOpen: boolean }) {
  const t = useWords();
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const here = lines.filter(({ id }) => marked.has(id));
  const mark = (ids: string[], isMarked: boolean) => setMarked((was) => new Set(isMarked ? [...was, ...ids] : [...was].filter((id) => !ids.includes(id))));
  return (
    <>
      {isOpen && <Bulk lines={here} onDone={() => setMarked(new Set())} />}
      <table className="table" data-testid="items" onKeyDown={onKey}>
        <thead>
          <tr>
            {isOpen && <th scope="col"><Checkbox aria-label={t('items.markAll')} data-testid="items-all" checked={here.length === lines.length} indeterminate={here.length > 0 && here.length < lines.length} onChange={(event) => mark(lines.map(({ id }) => id), event.currentTarget.checked)} /></th>}
            <th scope="col">{t('items.what')}</th><th scope="col">{t('items.rule')}</th><th scope="col">{t('items.where')}</th><th scope="col">{t(isOpen ? 'items.since' : 'items.settledAt')}</th>
          </tr>
        </thead>
        <tbody>{lines.map((line) => <Line key={line.id} line={line} isMarked={marked.has(line.id)} onMark={isOpen ? (isMarked) => mark([line.id], isMarked) : null} />)}</tbody>
      </table>
    </>
  );
}

function Line({ line, isMarked, onMark }: { line: ConflictLine; isMarked: boolean; onMark: ((isMarked: boolean) => void) | null }) {
  const t = useWords();
  const moment = useMoment();
  const names = useNames();
  const isMoney = line.kind === 'money';
  const about = line.about ?? line.desk ?? t(isMoney ? 'items.books' : 'unknown');
  const title = `${t.of('ItemKind', line.kind)} · ${about}`;
  return (
    <tr data-testid="item" data-kind={line.kind}>
      {onMark && <td><Checkbox aria-label={t('items.mark', { what: title })} checked={isMarked} onChange={(event) => onMark(event.currentTarget.checked)} /></td>}
      <td className="wraps">
        <a href={href(placeOf(line))}><bdi>{about}</bdi></a>
        <span className="line-facts">{t.of('ItemKind', line.kind)}{line.recordKind && ` · ${t.of('kind', line.recordKind)}`}</span>
      </td>
      <td className="wraps">{line.field && line.field.includes('/') === false && line.kind === 'hard' && `${t.field(line.field)}: `}{isMoney ? t.of('MoneyException', line.rule.with.kind) : t.problem(line.rule)}</td>
      <td>{names.ward(line.ward) || t(isMoney ? 'items.hospital' : 'unknown')}{line.owner && <span className="line-facts">{t('items.ownedBy', { name: names.staff(line.owner) || t('someone') })}</span>}</td>
      <td className="nowrap number">{moment(line.settledAt ?? line.raisedAt)}{line.action && <span className="line-facts">{t.of('ItemAction', line.action)}</span>}</td>
    </tr>
  );
}

/** Where an item is settled: held work and what the books need a person for have pages of their own. */
function placeOf({ id, kind, rule }: ConflictLine): ConsoleRoute {
  if (kind === 'quarantine') return { page: 'heldOne', hash: id };
  return kind === 'money' ? { page: 'exceptions', one: rule.with.exception ?? '' } : { page: 'conflict', hash: id };
}

/** What is done to all lines that are marked; each is told apart that could not be. */
function Bulk({ lines, onDone }: { lines: ConflictLine[]; onDone: () => void }) {
  const t = useWords();
  const { settle } = useSettle();
  const backend = useConsole();
  const say = useSay();
  const client = useQueryClient();
  const ids = lines.map(({ id }) => id);

  async function act(choice: Choice) {
    await settle(ids, choice);
    onDone();
  }

  async function own() {
    if (!say(await backend.ownConflicts(ids, true))) return;
    toast(t('items.owned'));
    onDone();
    await client.invalidateQueries({ queryKey: ['conflicts'] });
  }

  const isNone = ids.length === 0;
  return (
    <Group gap="xs" mb="sm" role="group" aria-label={t('items.bulk')}>
      <span className="line-facts" role="status">{t('items.marked', { count: ids.length })}</span>
      <Button size="compact-md" variant="default" disabled={isNone} data-testid="bulk-keep" onClick={() => void act({ action: 'keep' })}>{t('items.keep')}</Button>
      <Button size="compact-md" variant="default" disabled={isNone} data-testid="bulk-restore" onClick={() => void act({ action: 'restore' })}>{t('items.restore')}</Button>
      <Button size="compact-md" variant="default" disabled={isNone} data-testid="bulk-dismiss" onClick={() => void act({ action: 'dismiss' })}>{t('items.dismiss')}</Button>
      <Button size="compact-md" variant="default" disabled={isNone} data-testid="bulk-own" onClick={() => void own()}>{t('items.own')}</Button>
    </Group>
  );
}

/** Settles items and offers to take it back; says of what could not be settled why. */
export function useSettle() {
  const t = useWords();
  const backend = useConsole();
  const say = useSay();
  const client = useQueryClient();
  const again = async () => { await Promise.all(['conflicts', 'conflictOne'].map((key) => client.invalidateQueries({ queryKey: [key] }))); };

  async function undo(ids: string[]) {
    const answer = await backend.undoConflicts(ids);
    if (say(answer) && answer.value.left[0]) toastProblem(t.problem(answer.value.left[0].problem));
    await again();
  }

  async function settle(ids: string[], choice: Choice): Promise<void> {
    const answer = await backend.settleConflicts(ids, choice);
    if (!say(answer)) return;
    const { done, left } = answer.value;
    const gone = ids.filter((id) => !left.some((one) => one.id === id));
    if (left[0]) toastProblem(`${t('items.left', { count: left.length })} ${t.problem(left[0].problem)}`);
    if (done > 0) toastUndo(t('items.done', { count: done }), t('undo'), () => void undo(gone));
    await again();
  }

  return { settle, undo };
}
