import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { useState, type FormEvent } from 'react';
import type { BillLine, CoverageLine, LeftLine, PatientAccount } from '../../backend/types.gen';
import { mayDo } from '../../parts/access';
import { Card } from '../../parts/Card';
import { useSession, useToday } from '../../parts/context';
import { readTyped } from '../../parts/dates';
import { Empty } from '../../parts/Empty';
import { readMoney, showMoney, typedMoney } from '../../parts/money';
import { Page } from '../../parts/Page';
import { useWords } from '../../parts/words';
import { Loaded, useConsole } from '../context';
import { href } from '../route';
import { BillTable } from './BillsPage';
import { Amount, AmountField, AskAmount, Facts, Problems, useAt, useDayText, useOnce } from './parts';
import { useAccount, useCoverages } from './queries';

/** What a patient owes and has with the hospital, and who covers them. */
export function AccountPage({ patient }: { patient: string }) {
  const t = useWords();
  const { roles } = useSession();
  const query = useAccount(patient);
  return (
    <Page title={t('account.title')}>
      <p className="page-note"><a href={href({ page: 'bills' })}>{t('bills.back')}</a></p>
      <Loaded query={query}>{(account) => <Account patient={patient} account={account} />}</Loaded>
      {mayDo(roles, 'insurance') && <Coverages patient={patient} />}
    </Page>
  );
}

function Account({ patient, account }: { patient: string; account: PatientAccount }) {
  const t = useWords();
  return (
    <>
      <Card title={account.name ?? t('unknown')} action={account.mrn && <span className="number">{account.mrn}</span>}>
        {account.owed.length === 0 && <Empty>{t('account.nothing')}</Empty>}
        {account.owed.map(({ currency, receivable, credit, payable }) => (
          <div key={currency} data-testid="account-owed">
            <Facts facts={[
              [t('account.receivable'), <Amount key="receivable" minor={receivable} currency={currency} />],
              [t('account.credit'), <Amount key="credit" minor={credit} currency={currency} />],
              [t('account.payable'), <Amount key="payable" minor={payable} currency={currency} />],
            ]} />
          </div>
        ))}
        {account.left.map((left) => <Left key={left.payment} left={left} bills={account.bills} />)}
        {account.currency && <Advance patient={patient} currency={account.currency} />}
      </Card>
      <Card title={t('console.bills')}>{account.bills.length === 0 ? <Empty>{t('bills.none')}</Empty> : <BillTable lines={account.bills} />}</Card>
    </>
  );
}

/** What a payment left with the hospital: it pays a bill, or goes back. */
function Left({ left, bills }: { left: LeftLine; bills: readonly BillLine[] }) {
  const t = useWords();
  const at = useAt();
  const { money } = useConsole();
  const owed = bills.filter((bill) => bill.balance > 0 && bill.currency === left.currency);
  return (
    <div data-testid="account-left" data-minor={left.minor}>
      {owed.length > 0 && <Spend left={left} owed={owed} />}
      <AskAmount
        name="left" label={t('bills.refundAmount')} explain={t('account.left', { receipt: left.receipt, at: at(left.at_ms) })} currency={left.currency} most={left.minor} submit={t('bills.refund')} done={t('bills.refundAsked')}
        call={(key, amount, reason) => money.askRefund(key, { payment: left.payment }, amount, reason)}
      />
    </div>
  );
}

function Spend({ left, owed }: { left: LeftLine; owed: readonly BillLine[] }) {
  const t = useWords();
  const { money } = useConsole();
  const once = useOnce();
  // the oldest is paid first unless somebody says otherwise
  const [chosen, setChosen] = useState('');
  const bill = owed.find(({ id }) => id === chosen) ?? owed.at(-1)!;
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? typedMoney(Math.min(left.minor, bill.balance), left.currency);

  async function spend(event: FormEvent) {
    event.preventDefault();
    const minor = readMoney(text, left.currency);
    if (minor === null) return once.setProblems([{ code: 'money.unread', field: '', with: {} }]);
    if (await once.run((key) => money.spend(key, left.payment, bill.id, { amount_minor: minor, currency: left.currency }), t('account.spent'))) setTyped(null);
  }

  return (
    <form noValidate className="money-form" onSubmit={(event) => void spend(event)}>
      <Group gap="sm" align="end">
        <NativeSelect label={t('account.paysBill')} data-testid="spend-bill" value={bill.id} data={owed.map(({ id, number, balance, currency }) => ({ value: id, label: `${t('bills.numbered', { number })} · ${showMoney(balance, currency, t.language)}` }))} onChange={(event) => { setChosen(event.currentTarget.value); setTyped(null); }} />
        <AmountField label={t('account.spendAmount')} currency={left.currency} text={text} onText={setTyped} testId="spend-amount" />
        <Button type="submit" variant="default" disabled={once.isBusy} data-testid="spend-submit">{t('account.spend')}</Button>
      </Group>
      <Problems problems={once.problems} />
    </form>
  );
}

/** Money without a bill: it is the patient's until it pays one or goes back. */
function Advance({ patient, currency }: { patient: string; currency: string }) {
  const t = useWords();
  const { money } = useConsole();
  const once = useOnce();
  const [text, setText] = useState('');
  const [till, setTill] = useState('front');

  async function take(event: FormEvent) {
    event.preventDefault();
    const minor = readMoney(text, currency);
    if (minor === null) return once.setProblems([{ code: 'money.unread', field: '', with: {} }]);
    if (await once.run((key) => money.advance(key, patient, { amount_minor: minor, currency }, till.trim()), (paid) => t('account.advanced', { receipt: paid.receipt }))) setText('');
  }

  return (
    <form noValidate className="money-form" onSubmit={(event) => void take(event)}>
      <p className="line-facts">{t('account.advanceExplain')}</p>
      <Group gap="sm" align="end">
        <AmountField label={t('bills.cash')} currency={currency} text={text} onText={setText} testId="advance-amount" />
        <TextInput label={t('days.drawer')} maxLength={64} autoComplete="off" spellCheck={false} data-testid="advance-till" value={till} onChange={(event) => setTill(event.currentTarget.value)} />
        <Button type="submit" variant="default" disabled={once.isBusy} data-testid="advance-submit">{t('account.advance')}</Button>
      </Group>
      <Problems problems={once.problems} />
    </form>
  );
}

function Coverages({ patient }: { patient: string }) {
  const t = useWords();
  const day = useDayText();
  const query = useCoverages(patient);
  return (
    <Card title={t('coverage.title')}>
      <Loaded query={query}>
        {(lines) => (lines.length === 0 ? <Empty>{t('coverage.none')}</Empty> : (
          <ul className="plain-list">
            {lines.map((line) => (
              <li key={line.id} data-testid="coverage" data-until={line.until ?? ''}>
                {line.place}. <bdi>{line.payor}</bdi> · <bdi className="number">{line.subscriber}</bdi>
                <span className="line-facts">{line.until ? t('coverage.span', { from: day(line.from), until: day(line.until) }) : t('coverage.since', { from: day(line.from) })}</span>
                <End line={line} />
              </li>
            ))}
          </ul>
        ))}
      </Loaded>
      <Add patient={patient} place={(query.data?.length ?? 0) + 1} />
    </Card>
  );
}

/** The last day on which an insurer covers the patient. Visits after it are asked of others. */
function End({ line }: { line: CoverageLine }) {
  const t = useWords();
  const { money } = useConsole();
  const once = useOnce();
  const today = useToday();
  const [until, setUntil] = useState(line.until ?? today);

  async function end(event: FormEvent) {
    event.preventDefault();
    await once.run((key) => money.endCoverage(key, line.id, until), t('coverage.ended'));
  }

  return (
    <form noValidate className="money-form" onSubmit={(event) => void end(event)}>
      <Group gap="sm" align="end">
        <DateInput size="xs" label={t('coverage.until')} valueFormat="DD-MMM-YYYY" data-testid="coverage-until" value={until} onChange={(date) => date && setUntil(date)} dateParser={(text) => readTyped(text, t.months)} popoverProps={{ withinPortal: true }} />
        <Button type="submit" size="compact-sm" variant="default" disabled={once.isBusy || until === line.until} data-testid="coverage-end">{t('coverage.end')}</Button>
      </Group>
      <Problems problems={once.problems} />
    </form>
  );
}

function Add({ patient, place }: { patient: string; place: number }) {
  const t = useWords();
  const { money } = useConsole();
  const once = useOnce();
  const today = useToday();
  const [payor, setPayor] = useState('');
  const [subscriber, setSubscriber] = useState('');
  const [from, setFrom] = useState(`${today.slice(0, 4)}-01-01`);

  async function add(event: FormEvent) {
    event.preventDefault();
    const coverage = { id: '', patient, payor, subscriber, place: Math.min(place, 9), from, until: null };
    if (await once.run((key) => money.addCoverage(key, coverage), t('coverage.added'))) { setPayor(''); setSubscriber(''); }
  }

  return (
    <form noValidate className="money-form" onSubmit={(event) => void add(event)}>
      <Group gap="sm" align="end">
        <TextInput label={t('claims.payor')} maxLength={100} dir="auto" autoComplete="off" data-testid="coverage-payor" value={payor} onChange={(event) => setPayor(event.currentTarget.value)} />
        <TextInput label={t('coverage.subscriber')} maxLength={100} autoComplete="off" data-testid="coverage-subscriber" value={subscriber} onChange={(event) => setSubscriber(event.currentTarget.value)} />
        <DateInput label={t('coverage.from')} valueFormat="DD-MMM-YYYY" value={from} onChange={(date) => date && setFrom(date)} dateParser={(text) => readTyped(text, t.months)} popoverProps={{ withinPortal: true }} />
        <Button type="submit" variant="default" disabled={once.isBusy} data-testid="coverage-add">{t('coverage.add')}</Button>
      </Group>
      <Problems problems={once.problems} />
    </form>
  );
}
