import { IconCloudOff } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { Account, ReceiptLine, Row } from '../backend/types.gen';
import { Banner } from '../parts/Banner';
import { Card } from '../parts/Card';
import { useMay, useStatus } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Notice } from '../parts/Notice';
import { Page } from '../parts/Page';
import { PatientSearch } from '../parts/PatientSearch';
import { useAccount } from '../parts/queries';
import { go } from '../parts/route';
import { useTime } from '../parts/useTime';
import { useWords } from '../parts/words';
import { BillTable } from './BillTable';
import { PayForm } from './PayForm';
import { ReceiptTable } from './ReceiptTable';
import { Taken } from './Taken';

/** Taking money starts with a patient: name, Enter, what was given, Enter. */
export function ChoosePayer() {
  const t = useWords();
  const may = useMay().takeMoney;
  const box = useRef<HTMLInputElement>(null);
  // after the title of the page, which takes the focus on every other screen
  useEffect(() => box.current?.focus(), []);
  if (!may) return <Page title={t('cashier.title')}><Empty>{t('cashier.notAllowed')}</Empty></Page>;
  return (
    <Page title={t('cashier.title')}>
      <Limits />
      <div className="narrow">
        <PatientSearch testId="cashier-search" input={box} label={t('cashier.whom')} isLabelShown onPicked={(row) => go({ page: 'cashier', id: row.id })} />
      </div>
    </Page>
  );
}

/** The bills of a patient, what is paid, and what this desk gave out for it. */
export function CashierPage({ patient }: { patient: Row }) {
  const t = useWords();
  const may = useMay().takeMoney;
  const { data: account } = useAccount(patient.id, may);
  if (!may) return <Page title={t('cashier.title')} banner={<Banner row={patient} isLink />}><Empty>{t('cashier.notAllowed')}</Empty></Page>;
  return (
    <Page title={t('cashier.title')} banner={<Banner row={patient} isLink />} titleExtra={account && <AsOf account={account} />}>
      <Limits />
      {account && <AtTheDesk key={patient.id} account={account} />}
    </Page>
  );
}

function AtTheDesk({ account }: { account: Account }) {
  const t = useWords();
  const owed = account.bills.filter((one) => one.owed.amount_minor > 0 && one.bill.state !== 'void');
  const [chosen, setChosen] = useState<string | null>(null);
  const [taken, setTaken] = useState<ReceiptLine | null>(null);
  // the oldest is paid first unless somebody says otherwise
  const bill = owed.find((one) => one.bill.id === chosen) ?? owed.at(-1);
  const line = account.receipts.find((one) => one.number === taken?.number) ?? taken;
  return (
    <div className="cashier">
      <div>
        {!account.canNumber && <Notice kind="warn" role="alert" testId="cashier-no-numbers">{t('problem.receipt.no_series')}</Notice>}
        {line ? <Taken line={line} hasMore={owed.length > 0} onNext={() => setTaken(null)} /> : bill && account.canNumber && <PayForm key={bill.bill.id} bill={bill} onTaken={setTaken} />}
        {!line && !bill && <Empty>{t('cashier.nothingOwed')}</Empty>}
      </div>
      <div>
        <Card title={t('cashier.bills')}><BillTable bills={account.bills} chosen={line ? null : bill?.bill.id ?? null} onChosen={(id) => { setTaken(null); setChosen(id); }} /></Card>
        <Card title={t('cashier.receipts')}><ReceiptTable lines={account.receipts} /></Card>
      </div>
    </div>
  );
}

export function AsOf({ account }: { account: Account }) {
  const t = useWords();
  const time = useTime();
  return <span className="dimmed-text" data-testid="account-as-of">{t('asOf', { time: time(account.asOf) || t('never') })}</span>;
}

/** What cannot be done without the network is said before anybody tries. */
function Limits() {
  const t = useWords();
  const status = useStatus();
  if (status?.link !== 'offline') return null;
  return <Notice kind="warn" testId="cashier-offline" icon={<IconCloudOff size={20} aria-hidden />} title={t('cashier.offline')}>{t('cashier.offlineExplain')}</Notice>;
}
