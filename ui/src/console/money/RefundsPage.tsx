import { Group, SegmentedControl, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { RefundLine } from '../../backend/types.gen';
import { mayDo } from '../../parts/access';
import { useSession } from '../../parts/context';
import { Empty } from '../../parts/Empty';
import { Page } from '../../parts/Page';
import { useWords } from '../../parts/words';
import { Loaded, MoreButton, useConsole } from '../context';
import { href } from '../route';
import { ActButton, AmountCell, useAt, Who } from './parts';
import { useRefunds } from './queries';

/** Money that goes back: somebody asks, somebody else agrees where it is much, and it is handed out. */
export function RefundsPage() {
  const t = useWords();
  const [isAll, setIsAll] = useState(false);
  const query = useRefunds(isAll);
  return (
    <Page title={t('console.refunds')}>
      <p className="page-note">{t('refunds.explain')}</p>
      <SegmentedControl className="segments" aria-label={t('money.which')} value={isAll ? 'all' : 'open'} onChange={(value) => setIsAll(value === 'all')} data={[{ value: 'open', label: t('refunds.open') }, { value: 'all', label: t('money.all') }]} />
      <Loaded query={query}>
        {({ pages }) => {
          const lines = pages.flatMap((page) => page.lines);
          return lines.length === 0 ? <Empty>{t('refunds.none')}</Empty> : <RefundTable lines={lines} />;
        }}
      </Loaded>
      <MoreButton query={query} />
    </Page>
  );
}

function RefundTable({ lines }: { lines: readonly RefundLine[] }) {
  const t = useWords();
  return (
    <table className="table">
      <thead><tr><th scope="col">{t('refunds.of')}</th><th scope="col">{t('refunds.asked')}</th><th scope="col">{t('bills.state')}</th><th scope="col" className="money">{t('money.amount')}</th><th scope="col">{t('devices.act')}</th></tr></thead>
      <tbody>{lines.map((line) => <Row key={line.id} line={line} />)}</tbody>
    </table>
  );
}

const marks: Record<string, string> = { pending: 'mark-saved', requires_action: 'mark-sent', succeeded: 'mark-accepted', failed: 'mark-held', canceled: 'mark-held' };

function Row({ line }: { line: RefundLine }) {
  const t = useWords();
  const at = useAt();
  return (
    <tr data-testid="refund" data-state={line.state}>
      <th scope="row">
        {line.bill && line.bill_number !== null ? <a href={href({ page: 'bill', id: line.bill })}>{t('bills.numbered', { number: line.bill_number })}</a> : t('refunds.ofPayment')}
        <span className="line-facts"><bdi>{line.reason}</bdi></span>
      </th>
      <td><Who staff={line.asked_by} /><span className="line-facts">{at(line.at_ms)}</span></td>
      <td>
        <span className={`mark ${marks[line.state] ?? ''}`}>{t.of('RefundState', line.state)}</span>
        {line.agreed_by && <span className="line-facts">{t('refunds.agreedBy')} <Who staff={line.agreed_by} /></span>}
        {line.handed_by && <span className="line-facts">{t('refunds.handedBy')} <Who staff={line.handed_by} /></span>}
      </td>
      <AmountCell label={t('money.amount')} minor={line.minor} currency={line.currency} />
      <td><Acts line={line} /></td>
    </tr>
  );
}

function Acts({ line }: { line: RefundLine }) {
  const t = useWords();
  const { money } = useConsole();
  const { staff, roles } = useSession();
  const [drawer, setDrawer] = useState('');
  if (line.state === 'requires_action') {
    if (line.asked_by === staff.id) return <span className="line-facts">{t('problem.refund.same_person')}</span>;
    return <ActButton isMain label={t('refunds.agree')} done={t('refunds.agreed')} testId="refund-agree" call={(key) => money.agree(key, line.id)} />;
  }
  if (line.state !== 'pending' || !mayDo(roles, 'cashier')) return null;
  return (
    <Group gap="xs" align="end">
      <TextInput size="xs" className="short" label={t('refunds.drawer')} maxLength={64} autoComplete="off" spellCheck={false} data-testid="refund-drawer" value={drawer} onChange={(event) => setDrawer(event.currentTarget.value)} />
      <ActButton isMain label={t('refunds.handOut')} done={t('refunds.handedOut')} testId="refund-hand-out" call={(key) => money.handOut(key, line.id, drawer.trim() || null)} />
      {line.asked_by !== staff.id && !line.agreed_by && <ActButton label={t('refunds.agree')} done={t('refunds.agreed')} testId="refund-agree" call={(key) => money.agree(key, line.id)} />}
    </Group>
  );
}
