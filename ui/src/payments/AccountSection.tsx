import { Button } from '@mantine/core';
import { IconCash } from '@tabler/icons-react';
import { Card } from '../parts/Card';
import { useMay } from '../parts/context';
import { useAccount } from '../parts/queries';
import { go } from '../parts/route';
import { useWords } from '../parts/words';
import { BillTable } from './BillTable';
import { AsOf } from './CashierPage';

/** A patient's bills on their chart, for those who take money. */
export function AccountSection({ patient }: { patient: string }) {
  const t = useWords();
  const may = useMay().takeMoney;
  const { data: account } = useAccount(patient, may);
  if (!may || !account) return null;
  const pay = <Button size="compact-sm" variant="default" data-testid="chart-pay" leftSection={<IconCash size={16} aria-hidden />} onClick={() => go({ page: 'cashier', id: patient })}>{t('cashier.title')}</Button>;
  return <Card title={t('cashier.bills')} action={pay}><AsOf account={account} /><BillTable bills={account.bills} /></Card>;
}
