import { Button, Group } from '@mantine/core';
import { IconCircleCheck, IconPrinter } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import type { ReceiptLine } from '../backend/types.gen';
import { moneyText } from '../parts/money';
import { usePaper } from '../parts/paper';
import { go } from '../parts/route';
import { useWords } from '../parts/words';
import { ReceiptState } from './ReceiptState';

/** What was just taken: the change to give back, the number, and the paper. */
export function Taken({ line, hasMore, onNext }: { line: ReceiptLine; hasMore: boolean; onNext: () => void }) {
  const t = useWords();
  const paper = usePaper();
  const print = useRef<HTMLButtonElement>(null);
  // Enter prints: the number is on the disk already
  useEffect(() => print.current?.focus(), [line.number]);
  const change = line.changeMinor ?? 0;
  return (
    <section className="card cashier-taken" data-testid="taken" data-number={line.number}>
      <h2><IconCircleCheck size={24} aria-hidden /> {t('cashier.taken', { number: line.number })}</h2>
      {line.amount && <p className="cashier-change">{change > 0 ? t('cashier.giveBack', { amount: moneyText({ ...line.amount, amount_minor: change }) }) : t('cashier.noChange', { amount: moneyText(line.amount) })}</p>}
      <p role="status"><ReceiptState line={line} /></p>
      <Group gap="xs">
        <Button ref={print} data-testid="taken-print" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => void paper.receipt(line.number)}>{t('receipt.print')}</Button>
        {hasMore && <Button variant="default" onClick={onNext}>{t('cashier.nextBill')}</Button>}
        <Button variant="default" data-testid="taken-next" onClick={() => go({ page: 'cashier', id: null })}>{t('cashier.nextPatient')}</Button>
      </Group>
    </section>
  );
}
