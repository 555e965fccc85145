import { Button, Group, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import type { BillWhole } from '../../backend/types.gen';
import { mayDo } from '../../parts/access';
import { Card } from '../../parts/Card';
import { useSession } from '../../parts/context';
import { readMoney } from '../../parts/money';
import { useWords } from '../../parts/words';
import { useConsole } from '../context';
import { go } from '../route';
import { BillTable } from './BillsPage';
import { AmountField, Problems, useOnce } from './parts';

/** What was charged after a visit was billed, each with a bill of its own that names the first one. */
export function Supplements({ whole: { line, supplements } }: { whole: BillWhole }) {
  const t = useWords();
  const { roles } = useSession();
  const isOffered = line.kind === 'consultation' && line.state !== 'void' && mayDo(roles, 'books_keep');
  if (supplements.length === 0 && !isOffered) return null;
  return (
    <Card title={t('bills.supplements')}>
      {supplements.length > 0 && <BillTable lines={supplements} />}
      {isOffered && <Add first={line.id} currency={line.currency} />}
    </Card>
  );
}

function Add({ first, currency }: { first: string; currency: string }) {
  const t = useWords();
  const { money } = useConsole();
  const once = useOnce();
  const [what, setWhat] = useState('');
  const [text, setText] = useState('');

  async function add(event: FormEvent) {
    event.preventDefault();
    const minor = readMoney(text, currency);
    if (minor === null) return once.setProblems([{ code: 'money.unread', field: '', with: {} }]);
    const made = await once.run((key) => money.supplement(key, first, what, { amount_minor: minor, currency }), t('bills.supplemented'));
    if (made) go({ page: 'bill', id: made.id });
  }

  return (
    <form noValidate className="money-form" onSubmit={(event) => void add(event)}>
      <p className="line-facts">{t('bills.supplementExplain')}</p>
      <Group gap="sm" align="end">
        <TextInput className="grows" label={t('bills.what')} maxLength={200} dir="auto" autoComplete="off" data-testid="supplement-what" value={what} onChange={(event) => setWhat(event.currentTarget.value)} />
        <AmountField label={t('bills.net')} currency={currency} text={text} onText={setText} testId="supplement-net" />
        <Button type="submit" variant="default" disabled={once.isBusy} data-testid="supplement-submit">{t('bills.supplement')}</Button>
      </Group>
      <Problems problems={once.problems} />
    </form>
  );
}
