import { Button, Group, SegmentedControl, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import type { ExceptionLine, Problem, Reconciled } from '../../backend/types.gen';
import { mayDo } from '../../parts/access';
import { useSession } from '../../parts/context';
import { Empty } from '../../parts/Empty';
import { Page } from '../../parts/Page';
import { toast } from '../../parts/toast';
import { useWords } from '../../parts/words';
import { Loaded, MoreButton, useConsole } from '../context';
import { href } from '../route';
import { ActButton, Amount, Problems, useAt, Who } from './parts';
import { moneyKey, useExceptions } from './queries';

/** What does not add up, and what the rules cannot put right: each is settled by somebody with a reason, and stays. */
export function ExceptionsPage({ one }: { one: string | null }) {
  const t = useWords();
  const { money } = useConsole();
  const { roles } = useSession();
  const [isAll, setIsAll] = useState(false);
  const query = useExceptions(isAll, one);
  return (
    <Page title={t('console.exceptions')} actions={mayDo(roles, 'books_keep') && <ActButton label={t('exceptions.look')} done={t('exceptions.looked')} testId="reconcile" call={() => money.reconcile()} />}>
      <p className="page-note">{t('exceptions.explain')}</p>
      <LastTime reconciled={query.data?.pages[0]?.reconciled ?? null} />
      {one && <p className="page-note"><a href={href({ page: 'exceptions' })}>{t('exceptions.every')}</a></p>}
      {!one && <SegmentedControl className="segments" aria-label={t('money.which')} value={isAll ? 'all' : 'open'} onChange={(value) => setIsAll(value === 'all')} data={[{ value: 'open', label: t('exceptions.open') }, { value: 'all', label: t('money.all') }]} />}
      <Loaded query={query}>
        {({ pages }) => {
          const lines = pages.flatMap((page) => page.lines);
          return lines.length === 0 ? <Empty>{t(isAll ? 'exceptions.noneEver' : 'exceptions.none')}</Empty> : <ExceptionTable lines={lines} />;
        }}
      </Loaded>
      <MoreButton query={query} />
    </Page>
  );
}

function LastTime({ reconciled }: { reconciled: Reconciled | null }) {
  const t = useWords();
  const at = useAt();
  return <p className="line-facts" data-testid="reconciled">{reconciled ? t('exceptions.last', { at: at(reconciled.at_ms), count: reconciled.found }) : t('exceptions.never')}</p>;
}

function ExceptionTable({ lines }: { lines: readonly ExceptionLine[] }) {
  const t = useWords();
  return (
    <table className="table">
      <thead><tr><th scope="col">{t('money.what')}</th><th scope="col">{t('exceptions.figures')}</th><th scope="col">{t('exceptions.found')}</th><th scope="col">{t('exceptions.settling')}</th></tr></thead>
      <tbody>{lines.map((line) => <Row key={line.id} line={line} />)}</tbody>
    </table>
  );
}

function Row({ line }: { line: ExceptionLine }) {
  const t = useWords();
  const at = useAt();
  const { roles } = useSession();
  const { expected, found, currency } = line;
  const figure = (minor: number) => (currency ? <Amount minor={minor} currency={currency} /> : minor);
  return (
    <tr data-testid="exception" data-kind={line.kind}>
      <th scope="row">
        {t.of('MoneyException', line.kind)}
        {line.bill && <span className="line-facts"><a href={href({ page: 'bill', id: line.bill })}>{t('bills.one')}</a></span>}
        {!line.bill && line.subject && <span className="line-facts wraps"><code>{line.subject}</code></span>}
      </th>
      <td>{expected !== null && found !== null && <>{t('exceptions.expected')} {figure(expected)}<span className="line-facts">{t('exceptions.butFound')} {figure(found)}</span></>}</td>
      <td className="number">{at(line.at_ms)}{line.seen_ms !== null && line.seen_ms !== line.at_ms && <span className="line-facts">{t('exceptions.seen', { at: at(line.seen_ms) })}</span>}</td>
      <td>
        {line.settled && <><Who staff={line.settled.by} /><span className="line-facts">{at(line.settled.at_ms)} · <bdi>{line.settled.reason}</bdi></span></>}
        {!line.settled && mayDo(roles, 'books_keep') && <Settle exception={line.id} />}
      </td>
    </tr>
  );
}

function Settle({ exception }: { exception: number }) {
  const t = useWords();
  const { money } = useConsole();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const [problems, setProblems] = useState<Problem[]>([]);

  async function settle(event: FormEvent) {
    event.preventDefault();
    const answer = await money.settle(exception, reason);
    setProblems(answer.ok ? [] : answer.problems);
    if (!answer.ok) return;
    toast(t('exceptions.settled'));
    await client.invalidateQueries({ queryKey: moneyKey });
  }

  return (
    <form noValidate onSubmit={(event) => void settle(event)}>
      <Group gap="xs" align="end">
        <TextInput size="xs" label={t('money.reason')} maxLength={200} dir="auto" autoComplete="off" data-testid="settle-reason" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        <Button type="submit" size="compact-sm" variant="default" data-testid="settle">{t('exceptions.settle')}</Button>
      </Group>
      <Problems problems={problems} />
    </form>
  );
}
