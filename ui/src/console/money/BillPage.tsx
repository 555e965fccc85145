import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import type { BillWhole } from '../../backend/types.gen';
import { Card } from '../../parts/Card';
import { useSession } from '../../parts/context';
import { mayDo } from '../../parts/access';
import { Page } from '../../parts/Page';
import { readMoney, typedMoney } from '../../parts/money';
import { useWords } from '../../parts/words';
import { Loaded, useConsole } from '../context';
import { go, href } from '../route';
import { BillMark } from './BillsPage';
import { Charge, Charges } from './Charges';
import { Supplements } from './Supplements';
import { Amount, AmountCell, AmountField, AskAmount, Facts, Problems, useAt, useOnce, Who } from './parts';
import { useBill, useClaimsOf, useCoverages } from './queries';

/** One bill: what is owed and why, what was paid, everything the books have of it, and what can be done. */
export function BillPage({ id }: { id: string }) {
  const t = useWords();
  const query = useBill(id);
  return (
    <Page title={t('bills.one')}>
      <p className="page-note"><a href={href({ page: 'bills' })}>{t('bills.back')}</a></p>
      <Loaded query={query}>{(whole) => <Whole whole={whole} />}</Loaded>
    </Page>
  );
}

function Whole({ whole }: { whole: BillWhole }) {
  const t = useWords();
  const at = useAt();
  const { line } = whole;
  const amount = (minor: number) => <Amount minor={minor} currency={line.currency} />;
  const sums: [string, number][] = [
    [t('bills.net'), line.net], [t('bills.tax', { percent: whole.rate_basis_points / 100 }), line.tax], [t('bills.gross'), line.gross],
    [t('bills.applied'), -whole.applied], [t('bills.benefit'), -whole.benefit], [t('bills.contractual'), -whole.contractual], [t('bills.forgiven'), -whole.forgiven],
  ];
  return (
    <>
      <Card title={t('bills.numbered', { number: line.number })} action={<BillMark state={line.state} />}>
        <Facts facts={[
          [t('bills.patient'), <a key="patient" href={href({ page: 'account', id: line.patient })} data-testid="bill-patient"><bdi>{whole.name ?? t('unknown')}</bdi>{whole.mrn && <> · <span className="number">{whole.mrn}</span></>}</a>],
          [t('bills.kind'), line.adds_to && whole.first !== null ? <a key="first" data-testid="bill-first" href={href({ page: 'bill', id: line.adds_to })}>{t('bills.supplementOf', { number: whole.first })}</a> : t.of('BillKind', line.kind)],
          ...(line.what ? [[t('bills.what'), <bdi key="what">{line.what}</bdi>] as const] : []),
          [t('bills.issued'), at(line.issued_ms)],
          ...(whole.void_reason ? [[t('bills.voidedBecause'), <bdi key="why">{whole.void_reason}</bdi>] as const] : []),
        ]} />
        <table className="table sums" data-testid="bill-sums">
          <caption className="visually-hidden">{t('bills.sums')}</caption>
          <tbody>
            {sums.filter(([, minor], place) => place < 3 || minor !== 0).map(([name, minor]) => <tr key={name}><th scope="row">{name}</th><td className="money">{amount(minor)}</td></tr>)}
            <tr className="sum"><th scope="row">{t('bills.balance')}</th><td className="money" data-testid="bill-balance">{amount(line.balance)}</td></tr>
          </tbody>
        </table>
        {whole.returned > 0 && <p className="line-facts">{t('bills.returned')} {amount(whole.returned)}</p>}
      </Card>
      <Acts whole={whole} />
      <Charges bill={line.id} />
      <Supplements whole={whole} />
      <Claims whole={whole} />
      <Payments whole={whole} />
      <History whole={whole} />
    </>
  );
}

function Payments({ whole: { payments, line } }: { whole: BillWhole }) {
  const t = useWords();
  const at = useAt();
  if (payments.length === 0) return null;
  return (
    <Card title={t('bills.payments')}>
      <table className="table">
        <thead><tr><th scope="col">{t('bills.receipt')}</th><th scope="col">{t('bills.method')}</th><th scope="col">{t('money.when')}</th><th scope="col" className="money">{t('money.amount')}</th><th scope="col" className="money">{t('bills.refunded')}</th></tr></thead>
        <tbody>
          {payments.map((payment) => (
            <tr key={payment.id} data-testid="bill-payment">
              <th scope="row" className="number">{payment.receipt}</th>
              <td>{t.of('Method', payment.method)}<span className="line-facts"><Who staff={payment.by} /></span></td>
              <td className="number nowrap">{at(payment.at_ms)}</td>
              <AmountCell label={t('money.amount')} minor={payment.minor} currency={line.currency} />
              <AmountCell label={t('bills.refunded')} minor={payment.refunded} currency={line.currency} />
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function History({ whole: { journals, line } }: { whole: BillWhole }) {
  const t = useWords();
  const at = useAt();
  return (
    <Card title={t('bills.history')}>
      <table className="table">
        <thead><tr><th scope="col">{t('money.what')}</th><th scope="col">{t('money.who')}</th><th scope="col">{t('money.happened')}</th><th scope="col">{t('money.written')}</th><th scope="col" className="money">{t('money.amount')}</th></tr></thead>
        <tbody>
          {journals.map((journal) => (
            <tr key={journal.id} data-testid="bill-journal">
              <th scope="row">{t.of('Journal', journal.why)}</th>
              <td><Who staff={journal.by} /></td>
              <td className="number nowrap">{at(journal.occurred_ms)}</td>
              <td className="number nowrap"><span className="only-narrow">{t('money.written')}: </span>{at(journal.recorded_ms)}</td>
              <AmountCell label={t('money.amount')} minor={journal.minor} currency={line.currency} />
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Acts({ whole: { line, applied, returned } }: { whole: BillWhole }) {
  const t = useWords();
  const { money } = useConsole();
  const { roles } = useSession();
  const isOwed = line.balance > 0;
  const isPaid = line.state === 'paid' && applied > returned;
  if (!isOwed && !isPaid) return null;
  return (
    <Card title={t('bills.acts')}>
      {isOwed && <Pay bill={line.id} currency={line.currency} owed={line.balance} />}
      {isOwed && <Charge bill={line.id} currency={line.currency} owed={line.balance} />}
      {isPaid && <AskAmount name="refund" label={t('bills.refundAmount')} explain={t('bills.refundExplain')} currency={line.currency} most={applied - returned} submit={t('bills.refund')} done={t('bills.refundAsked')} call={(key, amount, reason) => money.askRefund(key, { bill: line.id }, amount, reason)} />}
      {isOwed && mayDo(roles, 'books_keep') && <AskAmount name="credit" label={t('bills.creditAmount')} explain={t('bills.creditExplain')} currency={line.currency} most={line.balance} submit={t('bills.credit')} done={t('bills.credited')} call={(key, amount, reason) => money.credit(key, line.id, amount, reason)} />}
      {line.state === 'open' && <Void bill={line.id} />}
    </Card>
  );
}

function Pay({ bill, currency, owed }: { bill: string; currency: string; owed: number }) {
  const t = useWords();
  const { money } = useConsole();
  const once = useOnce();
  // what is owed changes when a part is paid
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? typedMoney(owed, currency);
  const [till, setTill] = useState('front');

  async function pay(event: FormEvent) {
    event.preventDefault();
    const minor = readMoney(text, currency);
    if (minor === null) return once.setProblems([{ code: 'money.unread', field: '', with: {} }]);
    if (await once.run((key) => money.pay(key, bill, { amount_minor: minor, currency }, till.trim()), t('bills.paid'))) setTyped(null);
  }

  return (
    <form noValidate className="money-form" onSubmit={(event) => void pay(event)}>
      <Group gap="sm" align="end">
        <AmountField label={t('bills.cash')} currency={currency} text={text} onText={setTyped} testId="pay-amount" />
        <TextInput label={t('days.drawer')} maxLength={64} autoComplete="off" spellCheck={false} data-testid="pay-till" value={till} onChange={(event) => setTill(event.currentTarget.value)} />
        <Button type="submit" disabled={once.isBusy} data-testid="pay-submit">{t('bills.pay')}</Button>
      </Group>
      <Problems problems={once.problems} />
    </form>
  );
}

function Void({ bill }: { bill: string }) {
  const t = useWords();
  const { money } = useConsole();
  const once = useOnce();
  const [reason, setReason] = useState('');
  return (
    <form noValidate className="money-form" onSubmit={(event) => { event.preventDefault(); void once.run((key) => money.voidBill(key, bill, reason), t('bills.voided')); }}>
      <p className="line-facts">{t('bills.voidExplain')}</p>
      <Group gap="sm" align="end">
        <TextInput className="grows" label={t('money.reason')} maxLength={200} dir="auto" autoComplete="off" data-testid="void-reason" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        <Button type="submit" variant="default" disabled={once.isBusy} data-testid="void-submit">{t('bills.void')}</Button>
      </Group>
      <Problems problems={once.problems} />
    </form>
  );
}

/** What insurers were asked for it, and who may be. */
function Claims({ whole: { line } }: { whole: BillWhole }) {
  const t = useWords();
  const { money } = useConsole();
  const { roles } = useSession();
  const once = useOnce();
  const claims = useClaimsOf(line.id);
  const coverages = useCoverages(line.patient);
  const [chosen, setChosen] = useState('');
  const made = claims.data?.lines ?? [];
  const may = coverages.data ?? [];
  const coverage = chosen || may[0]?.id;
  const isAsked = mayDo(roles, 'insurance') && line.balance > 0 && may.length > 0;
  if (made.length === 0 && !isAsked) return null;

  async function make() {
    const claim = coverage && await once.run((key) => money.makeClaim(key, line.id, coverage), t('claims.made'));
    if (claim) go({ page: 'claim', id: claim.claim });
  }

  return (
    <Card title={t('console.claims')}>
      <ul className="plain-list">{made.map((claim) => <li key={claim.id}><a href={href({ page: 'claim', id: claim.id })}><bdi>{claim.payor}</bdi> · {t('claims.version', { version: claim.version })}</a> {t.of('ClaimState', claim.state)} · <Amount minor={claim.submitted} currency={claim.currency} /></li>)}</ul>
      {isAsked && (
        <Group gap="sm" align="end">
          <NativeSelect label={t('claims.payor')} data-testid="claim-coverage" value={coverage} data={may.map(({ id, payor, place }) => ({ value: id, label: `${place} · ${payor}` }))} onChange={(event) => setChosen(event.currentTarget.value)} />
          <Button variant="default" disabled={once.isBusy} data-testid="claim-make" onClick={() => void make()}>{t('claims.make')}</Button>
        </Group>
      )}
      <Problems problems={once.problems} />
    </Card>
  );
}
