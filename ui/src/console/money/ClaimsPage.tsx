import { NativeSelect } from '@mantine/core';
import { useState } from 'react';
import type { Age, AgeLine, ClaimLine, ClaimState } from '../../backend/types.gen';
import { Card } from '../../parts/Card';
import { Empty } from '../../parts/Empty';
import { Page } from '../../parts/Page';
import { useWords } from '../../parts/words';
import { Loaded, MoreButton } from '../context';
import { href } from '../route';
import { AmountCell, useAt } from './parts';
import { useClaims } from './queries';

const ages: readonly Age[] = ['up_to30', 'up_to60', 'up_to90', 'up_to120', 'older'];
const states: readonly ClaimState[] = ['draft', 'submitted', 'accepted', 'rejected', 'approved', 'partial', 'denied', 'paid_partial', 'paid', 'closed', 'appealed', 'cancelled', 'entered_in_error'];

/** What insurers were asked: what waits by age, and every claim, the newest first. */
export function ClaimsPage() {
  const t = useWords();
  const [state, setState] = useState<string | null>(null);
  const query = useClaims(state);
  return (
    <Page title={t('console.claims')}>
      <Loaded query={query}>
        {({ pages }) => {
          const lines = pages.flatMap((page) => page.lines);
          return (
            <>
              <Ageing lines={pages[0]?.ages ?? []} />
              <NativeSelect className="short" mb="sm" label={t('bills.state')} data-testid="claims-state" value={state ?? ''} data={[{ value: '', label: t('bills.every') }, ...states.map((value) => ({ value, label: t.of('ClaimState', value) }))]} onChange={(event) => setState(event.currentTarget.value || null)} />
              {lines.length === 0 ? <Empty>{t('claims.none')}</Empty> : <ClaimTable lines={lines} />}
            </>
          );
        }}
      </Loaded>
      <MoreButton query={query} />
    </Page>
  );
}

function Ageing({ lines }: { lines: readonly AgeLine[] }) {
  const t = useWords();
  if (lines.length === 0) return null;
  const currencies = [...new Set(lines.map(({ currency }) => currency))];
  const of = (currency: string, age: Age) => lines.find((line) => line.currency === currency && line.age === age);
  return (
    <Card title={t('claims.ageing')}>
      <table className="table" data-testid="ageing">
        <thead><tr><th scope="col">{t('claims.age')}</th><th scope="col" className="money">{t('claims.count')}</th><th scope="col" className="money">{t('claims.outstanding')}</th></tr></thead>
        <tbody>
          {currencies.flatMap((currency) => ages.map((age) => (
            <tr key={currency + age}>
              <th scope="row">{t.of('Age', age)}</th>
              <td className="money"><span className="only-narrow">{t('claims.count')}: </span>{of(currency, age)?.count ?? 0}</td>
              <AmountCell label={t('claims.outstanding')} minor={of(currency, age)?.outstanding ?? 0} currency={currency} />
            </tr>
          )))}
        </tbody>
      </table>
    </Card>
  );
}

function ClaimTable({ lines }: { lines: readonly ClaimLine[] }) {
  const t = useWords();
  const at = useAt();
  return (
    <table className="table">
      <thead><tr><th scope="col">{t('claims.payor')}</th><th scope="col">{t('claims.sent')}</th><th scope="col">{t('bills.state')}</th><th scope="col" className="money">{t('claims.submitted')}</th><th scope="col" className="money">{t('claims.outstanding')}</th></tr></thead>
      <tbody>
        {lines.map((line) => (
          <tr key={line.id} data-testid="claim" data-state={line.state}>
            <th scope="row"><a href={href({ page: 'claim', id: line.id })}><bdi>{line.payor}</bdi></a><span className="line-facts"><a href={href({ page: 'bill', id: line.bill })}>{t('bills.numbered', { number: line.bill_number })}</a> · {t('claims.version', { version: line.version })}</span></th>
            <td className="number">{line.submitted_ms === null ? t('claims.notSent') : at(line.submitted_ms)}{line.age && <span className="line-facts">{t.of('Age', line.age)}</span>}</td>
            <td><ClaimMark state={line.state} /></td>
            <AmountCell label={t('claims.submitted')} minor={line.submitted} currency={line.currency} />
            <AmountCell label={t('claims.outstanding')} minor={line.outstanding} currency={line.currency} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const marks: Record<ClaimState, string> = {
  draft: 'mark-saved', ready: 'mark-saved', submitted: 'mark-sent', accepted: 'mark-sent', rejected: 'mark-held', approved: 'mark-accepted', partial: 'mark-accepted', denied: 'mark-held',
  paid_partial: 'mark-accepted', paid: 'mark-accepted', closed: 'mark-accepted', appealed: 'mark-sent', cancelled: 'mark-held', entered_in_error: 'mark-held',
};

export function ClaimMark({ state }: { state: ClaimState }) {
  const t = useWords();
  return <span className={`mark ${marks[state]}`}>{t.of('ClaimState', state)}</span>;
}
