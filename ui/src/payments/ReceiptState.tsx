import { IconAlertCircle, IconBan, IconCheck, IconClockHour4 } from '@tabler/icons-react';
import type { ReceiptLine } from '../backend/types.gen';
import { moneyText } from '../parts/money';
import { useWords } from '../parts/words';

/** Where a receipt is on its way into the hospital's books: a sign and words. */
export function ReceiptState({ line }: { line: ReceiptLine }) {
  const t = useWords();
  const [Icon, name, text] = stateOf(line, t);
  return <span className={`receipt-state receipt-${name}`} data-testid="receipt-state" data-state={name}><Icon size={16} aria-hidden /> {text}</span>;
}

function stateOf(line: ReceiptLine, t: ReturnType<typeof useWords>) {
  if (line.voidedBy) return [IconBan, 'void', t('receipt.voidBy', { number: line.voidedBy })] as const;
  const { outcome } = line;
  switch (outcome?.outcome) {
    case undefined: return [IconClockHour4, 'recorded', t('receipt.notPosted')] as const;
    case 'voided': return [IconCheck, 'posted', t('receipt.posted')] as const;
    case 'excepted': return [IconAlertCircle, 'looked', t('receipt.excepted', { why: t.of('Exception', outcome.exception) })] as const;
    case 'kept': return [IconAlertCircle, 'looked', t('receipt.kept', { why: t.of('Exception', outcome.exception) })] as const;
    case 'posted': {
      const kept = line.amount && outcome.kept > 0 ? moneyText({ ...line.amount, amount_minor: outcome.kept }) : null;
      return [IconCheck, 'posted', kept ? t('receipt.postedKept', { amount: kept }) : t('receipt.posted')] as const;
    }
  }
}
