import { ActionIcon, Button, Group } from '@mantine/core';
import { IconPrinter } from '@tabler/icons-react';
import type { BillHere } from '../backend/types.gen';
import { Empty } from '../parts/Empty';
import { moneyText } from '../parts/money';
import { usePaper } from '../parts/paper';
import { useTime } from '../parts/useTime';
import { useWords } from '../parts/words';

interface BillTableProps { bills: BillHere[]; chosen?: string | null; onChosen?: (id: string) => void }

/** A patient's bills as this desk knows them. */
export function BillTable({ bills, chosen = null, onChosen }: BillTableProps) {
  const t = useWords();
  const time = useTime();
  const paper = usePaper();
  if (bills.length === 0) return <Empty>{t('cashier.noBills')}</Empty>;
  return (
    <table className="table" aria-label={t('cashier.bills')}>
      <thead><tr><th scope="col">{t('bill.title')}</th><th scope="col" className="amount">{t('bill.gross')}</th><th scope="col" className="amount">{t('bill.owed')}</th><th scope="col"><span className="visually-hidden">{t('column.actions')}</span></th></tr></thead>
      <tbody>
        {bills.map(({ bill, owed, hereMinor }) => (
          <tr key={bill.id} data-testid="bill" data-number={bill.number} data-state={bill.state} aria-current={bill.id === chosen || undefined}>
            <td className="wraps">
              {bill.number} · {bill.addsTo === null ? t.of('BillKind', bill.kind) : t('bills.supplementOf', { number: bill.addsTo })}
              {bill.what && <span className="line-facts"><bdi>{bill.what}</bdi></span>}
              <span className="line-facts">{time(new Date(bill.issuedMs).toISOString())} · {t.of('BillState', bill.state)}</span>
            </td>
            <td className="amount">{moneyText(bill.gross)}</td>
            <td className="amount"><strong>{moneyText(owed)}</strong>{hereMinor > 0 && <span className="line-facts">{t('cashier.takenHere', { amount: moneyText({ ...owed, amount_minor: hereMinor }) })}</span>}</td>
            <td>
              <Group gap={4} wrap="nowrap" justify="flex-end">
                {onChosen && bill.id !== chosen && owed.amount_minor > 0 && <Button size="compact-sm" variant="default" onClick={() => onChosen(bill.id)}>{t('cashier.payThis')}</Button>}
                <ActionIcon variant="subtle" aria-label={t('bill.print', { number: bill.number })} onClick={() => paper.bill(bill.id)}><IconPrinter size={16} aria-hidden /></ActionIcon>
              </Group>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
