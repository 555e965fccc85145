import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import type { BillLine, BillState } from '../../backend/types.gen';
import { Empty } from '../../parts/Empty';
import { Page } from '../../parts/Page';
import { useWords } from '../../parts/words';
import { Loaded, MoreButton } from '../context';
import { href } from '../route';
import { AmountCell, useAt } from './parts';
import { useBills } from './queries';

const states: readonly BillState[] = ['open', 'partially_paid', 'paid', 'void'];

/** Bills by a hospital number, by their own, and by how far they are paid; the newest first. */
export function BillsPage() {
  const t = useWords();
  const [typed, setTyped] = useState('');
  const [asked, setAsked] = useState<{ text: string; state: BillState | null }>({ text: '', state: null });
  const query = useBills(asked.text, asked.state);
  const search = (event: FormEvent) => { event.preventDefault(); setAsked({ ...asked, text: typed.trim() }); };
  return (
    <Page title={t('console.bills')}>
      <form noValidate onSubmit={search}>
        <Group gap="sm" align="end" mb="md">
          <TextInput className="grows" label={t('bills.search')} description={t('bills.searchHint')} autoComplete="off" spellCheck={false} data-testid="bills-text" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
          <NativeSelect label={t('bills.state')} data-testid="bills-state" value={asked.state ?? ''} data={[{ value: '', label: t('bills.every') }, ...states.map((value) => ({ value, label: t.of('BillState', value) }))]} onChange={(event) => setAsked({ ...asked, state: (event.currentTarget.value || null) as BillState | null })} />
          <Button type="submit" data-testid="bills-search">{t('bills.find')}</Button>
        </Group>
      </form>
      <Loaded query={query}>
        {({ pages }) => {
          const lines = pages.flatMap((page) => page.lines);
          return lines.length === 0 ? <Empty>{t('bills.none')}</Empty> : <BillTable lines={lines} />;
        }}
      </Loaded>
      <MoreButton query={query} />
    </Page>
  );
}

export function BillTable({ lines }: { lines: readonly BillLine[] }) {
  const t = useWords();
  const at = useAt();
  return (
    <table className="table">
      <thead><tr><th scope="col">{t('bills.number')}</th><th scope="col">{t('bills.issued')}</th><th scope="col">{t('bills.state')}</th><th scope="col" className="money">{t('bills.gross')}</th><th scope="col" className="money">{t('bills.balance')}</th></tr></thead>
      <tbody>
        {lines.map((line) => (
          <tr key={line.id} data-testid="bill">
            <th scope="row"><a href={href({ page: 'bill', id: line.id })}>{t('bills.numbered', { number: line.number })}</a><span className="line-facts">{t.of('BillKind', line.kind)}{line.what && <> · <bdi className="wraps">{line.what}</bdi></>}</span></th>
            <td className="number nowrap">{at(line.issued_ms)}</td>
            <td><BillMark state={line.state} /></td>
            <AmountCell label={t('bills.gross')} minor={line.gross} currency={line.currency} />
            <AmountCell label={t('bills.balance')} minor={line.balance} currency={line.currency} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const marks: Record<BillState, string> = { open: 'mark-saved', partially_paid: 'mark-sent', paid: 'mark-accepted', void: 'mark-held' };

export function BillMark({ state }: { state: BillState }) {
  const t = useWords();
  return <span className={`mark ${marks[state]}`}>{t.of('BillState', state)}</span>;
}
