import { Button, Group, Radio, Stack, Text, TextInput } from '@mantine/core';
import { IconCash } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { BillHere, Problem, ReceiptLine, Tendered } from '../backend/types.gen';
import { useBackend } from '../parts/context';
import { newId } from '../parts/ids';
import { moneyText, readMoney, typedMoney } from '../parts/money';
import { useWords } from '../parts/words';

const ways: readonly Tendered[] = ['cash', 'cheque', 'card_stored'];

/** What somebody pays of one bill. The amount stands there; what was put on the counter is typed, and Enter takes it. */
export function PayForm({ bill, onTaken }: { bill: BillHere; onTaken: (line: ReceiptLine) => void }) {
  const t = useWords();
  const backend = useBackend();
  const { currency, amount_minor: owed } = bill.owed;
  // made once, so that pressing twice takes it once
  const [id] = useState(newId);
  const [how, setHow] = useState<Tendered>('cash');
  const [amount, setAmount] = useState(typedMoney(owed, currency));
  const [given, setGiven] = useState('');
  const [reference, setReference] = useState('');
  const [problems, setProblems] = useState<Problem[]>([]);
  const [isBusy, setIsBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), [how]);
  const minor = readMoney(amount, currency);
  const tendered = given.trim() ? readMoney(given, currency) : null;
  const change = minor !== null && tendered !== null ? tendered - minor : null;
  const at = (...fields: string[]) => problems.filter(({ field }) => fields.includes(field)).map((problem) => t.problem(problem)).join(' ') || undefined;
  const rest = problems.filter(({ field }) => !['minor', 'amount_minor', 'tendered_minor', 'reference'].includes(field));

  async function take() {
    const isTyped = minor !== null && (given.trim() === '' || tendered !== null || how !== 'cash');
    if (!isTyped) {
      setProblems([{ code: 'amount.typed', field: minor === null ? 'minor' : 'tendered_minor', with: {} }]);
      return;
    }
    setIsBusy(true);
    const answer = await backend.money.take({ id, bill: bill.bill.id, how, minor, reference: how === 'cash' ? null : reference, tenderedMinor: how === 'cash' ? tendered : null });
    setIsBusy(false);
    if (answer.ok) onTaken(answer.value);
    else setProblems(answer.problems);
  }

  return (
    <form noValidate className="card" aria-labelledby="pay-title" onSubmit={(event) => { event.preventDefault(); void take(); }}>
      <Stack gap="sm">
        <h2 id="pay-title">{t('cashier.pay', { number: bill.bill.number, kind: t.of('BillKind', bill.bill.kind) })}</h2>
        <Text className="cashier-owed" data-testid="pay-owed"><span className="dimmed-text">{t('bill.owed')}</span> <strong>{moneyText(bill.owed)}</strong></Text>
        <div role="alert">{rest.map((problem) => <Text key={problem.code} className="danger-text" fw={600}>{t.problem(problem)}</Text>)}</div>
        <Radio.Group label={t('receipt.how')} value={how} onChange={(value) => { setHow(value as Tendered); setProblems([]); }}>
          <Group gap="md" mt={4}>{ways.map((way) => <Radio key={way} value={way} data-testid={`pay-${way}`} label={t.of('Tendered', way)} />)}</Group>
        </Radio.Group>
        <TextInput data-testid="pay-amount" label={t('cashier.amount', { currency })} inputMode="decimal" autoComplete="off" withAsterisk aria-required error={at('minor', 'amount_minor')} value={amount} onChange={(event) => setAmount(event.currentTarget.value)} />
        {how === 'cash'
          ? <TextInput ref={first} data-testid="pay-given" label={t('cashier.given', { currency })} description={t('cashier.givenHint')} inputMode="decimal" autoComplete="off" error={at('tendered_minor')} value={given} onChange={(event) => setGiven(event.currentTarget.value)} />
          : <TextInput ref={first} data-testid="pay-reference" label={t(how === 'cheque' ? 'cashier.chequeNumber' : 'cashier.slipNumber')} autoComplete="off" withAsterisk aria-required error={at('reference')} value={reference} onChange={(event) => setReference(event.currentTarget.value)} />}
        <p className="cashier-change" aria-live="polite" data-testid="pay-change">{how === 'cash' && change !== null && change >= 0 ? t('cashier.changeIs', { amount: moneyText({ amount_minor: change, currency }) }) : ' '}</p>
        <div><Button type="submit" data-testid="pay-submit" loading={isBusy} leftSection={<IconCash size={18} aria-hidden />}>{t('cashier.take')}</Button></div>
      </Stack>
    </form>
  );
}
