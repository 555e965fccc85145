import { Button, Group, TextInput } from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { useState, type FormEvent } from 'react';
import type { LeftLine, PatientAccount } from '../../backend/types.gen';
import { mayDo } from '../../parts/access';
import { Card } from '../../parts/Card';
import { useSession, useToday } from '../../parts/context';
import { readTyped } from '../../parts/dates';
import { Empty } from '../../parts/Empty';
import { Page } from '../../parts/Page';
import { useWords } from '../../parts/words';
import { Loaded, useConsole } from '../context';
import { href } from '../route';
import { BillTable } from './BillsPage';
import { Amount, AskAmount, Facts, Problems, useAt, useDayText, useOnce } from './parts';
import { useAccount, useCoverages } from './queries';

/** What a patient owes and has with the hospital, and who covers them. */
export function AccountPage({ patient }: { patient: string }) {
  const t = useWords();
  const { roles } = useSession();
  const query = useAccount(patient);
  return (
    <Page title={t('account.title')}>
      <p className="page-note"><a href={href({ page: 'bills' })}>{t('bills.back')}</a></p>
      <Loaded query={query}>{(account) => <Account account={account} />}</Loaded>
      {mayDo(roles, 'insurance') && <Coverages patient={patient} />}
    </Page>
  );
}

function Account({ account }: { account: PatientAccount }) {
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
        {account.left.map((left) => <Left key={left.payment} left={left} />)}
      </Card>
      <Card title={t('console.bills')}>{account.bills.length === 0 ? <Empty>{t('bills.none')}</Empty> : <BillTable lines={account.bills} />}</Card>
    </>
  );
}

function Left({ left }: { left: LeftLine }) {
  const t = useWords();
  const at = useAt();
  const { money } = useConsole();
  return (
    <AskAmount
      name="left" label={t('bills.refundAmount')} explain={t('account.left', { receipt: left.receipt, at: at(left.at_ms) })} currency={left.currency} most={left.minor} submit={t('bills.refund')} done={t('bills.refundAsked')}
      call={(key, amount, reason) => money.askRefund(key, { payment: left.payment }, amount, reason)}
    />
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
            {lines.map((line) => <li key={line.id} data-testid="coverage">{line.place}. <bdi>{line.payor}</bdi> · <bdi className="number">{line.subscriber}</bdi><span className="line-facts">{line.until ? t('coverage.span', { from: day(line.from), until: day(line.until) }) : t('coverage.since', { from: day(line.from) })}</span></li>)}
          </ul>
        ))}
      </Loaded>
      <Add patient={patient} place={(query.data?.length ?? 0) + 1} />
    </Card>
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
