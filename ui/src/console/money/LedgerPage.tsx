import type { AccountLine } from '../../backend/types.gen';
import { Empty } from '../../parts/Empty';
import { Page } from '../../parts/Page';
import { useWords } from '../../parts/words';
import { Loaded, MoreButton } from '../context';
import { href } from '../route';
import type { Entry } from './backend';
import { Amount, AmountCell, useAt } from './parts';
import { useBooks, useStatement } from './queries';

const idOf = ({ account, part }: AccountLine) => (part ? `${account}:${part}` : String(account));

/** Every account with its two sides, which are equal for each currency. */
export function LedgerPage() {
  const t = useWords();
  const query = useBooks();
  return (
    <Page title={t('console.ledger')} actions={<a className="button-link" href="/console/v1/books/export" download>{t('ledger.export')}</a>}>
      <p className="page-note">{t('ledger.explain')}</p>
      <Loaded query={query}>{(lines) => (lines.length === 0 ? <Empty>{t('ledger.none')}</Empty> : <AccountTable lines={lines} />)}</Loaded>
    </Page>
  );
}

export function AccountTable({ lines }: { lines: readonly AccountLine[] }) {
  const t = useWords();
  const currencies = [...new Set(lines.map(({ currency }) => currency))];
  const sum = (currency: string, side: 'debit_minor' | 'credit_minor') => lines.filter((line) => line.currency === currency).reduce((all, line) => all + line[side], 0);
  return (
    <table className="table" data-testid="accounts">
      <thead><tr><th scope="col">{t('ledger.account')}</th><th scope="col" className="money">{t('ledger.debit')}</th><th scope="col" className="money">{t('ledger.credit')}</th><th scope="col" className="money">{t('ledger.balance')}</th></tr></thead>
      <tbody>
        {lines.map((line) => (
          <tr key={idOf(line) + line.currency} data-testid="account">
            <th scope="row"><a href={href({ page: 'statement', account: idOf(line) })}><span className="number">{line.account}</span> {t.of('Account', String(line.account))}</a>{line.part && <span className="line-facts"><bdi>{line.part}</bdi></span>}</th>
            <AmountCell label={t('ledger.debit')} minor={line.debit_minor} currency={line.currency} />
            <AmountCell label={t('ledger.credit')} minor={line.credit_minor} currency={line.currency} />
            <AmountCell label={t('ledger.balance')} minor={line.debit_minor - line.credit_minor} currency={line.currency} />
          </tr>
        ))}
        {currencies.map((currency) => (
          <tr key={currency} className="sum" data-testid="ledger-sum">
            <th scope="row">{t('ledger.sum', { currency })}</th>
            <AmountCell label={t('ledger.debit')} minor={sum(currency, 'debit_minor')} currency={currency} />
            <AmountCell label={t('ledger.credit')} minor={sum(currency, 'credit_minor')} currency={currency} />
            <AmountCell label={t('ledger.balance')} minor={sum(currency, 'debit_minor') - sum(currency, 'credit_minor')} currency={currency} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** One account journal by journal, from the oldest on. */
export function StatementPage({ account }: { account: string }) {
  const t = useWords();
  const query = useStatement(account);
  const [number = '', part = ''] = account.split(':');
  const search = new URLSearchParams({ account: number, part }).toString();
  return (
    <Page title={t('ledger.statement')} actions={<a className="button-link" href={`/console/v1/books/export?${search}`} download>{t('ledger.export')}</a>}>
      <p className="page-note"><a href={href({ page: 'ledger' })}>{t('ledger.back')}</a> · <span className="number">{number}</span> {t.of('Account', number)} <bdi>{part}</bdi></p>
      <Loaded query={query}>
        {({ pages }) => {
          const entries = pages.flat();
          return entries.length === 0 ? <Empty>{t('ledger.noEntries')}</Empty> : <EntryTable entries={entries} />;
        }}
      </Loaded>
      <MoreButton query={query} />
    </Page>
  );
}

function EntryTable({ entries }: { entries: readonly Entry[] }) {
  const t = useWords();
  const at = useAt();
  return (
    <table className="table">
      <thead><tr><th scope="col">{t('ledger.journal')}</th><th scope="col">{t('money.what')}</th><th scope="col">{t('money.happened')}</th><th scope="col" className="money">{t('ledger.debit')}</th><th scope="col" className="money">{t('ledger.credit')}</th></tr></thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.journal + entry.currency} data-testid="entry">
            <th scope="row" className="number">{entry.journal}</th>
            <td>{t.of('Journal', entry.why)}{entry.bill && <span className="line-facts"><a href={href({ page: 'bill', id: entry.bill })}>{t('bills.one')}</a></span>}</td>
            <td className="number nowrap">{at(entry.occurred_ms)}</td>
            <td className="money">{entry.debit_minor > 0 && <><span className="only-narrow">{t('ledger.debit')}: </span><Amount minor={entry.debit_minor} currency={entry.currency} /></>}</td>
            <td className="money">{entry.credit_minor > 0 && <><span className="only-narrow">{t('ledger.credit')}: </span><Amount minor={entry.credit_minor} currency={entry.currency} /></>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
