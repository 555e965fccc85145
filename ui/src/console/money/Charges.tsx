import { Button, Group, TextInput } from '@mantine/core';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import type { ChargeLine, ChargeState } from '../../backend/types.gen';
import { Card } from '../../parts/Card';
import { readMoney, typedMoney } from '../../parts/money';
import { useWords } from '../../parts/words';
import { useConsole } from '../context';
import { ActButton, Amount, AmountField, Problems, useAt, useOnce, Who } from './parts';
import { isUnderWay, moneyKey, useCharges } from './queries';

const marks: Record<ChargeState, string> = { asked: 'mark-saved', waiting: 'mark-sent', unknown: 'mark-conflict', cancelling: 'mark-sent', taken: 'mark-accepted', failed: 'mark-held', cancelled: 'mark-held' };

/** Money that the hospital's gateway, or its own terminal, is asked for. What is under way is spoken for. */
export function Charge({ bill, currency, owed }: { bill: string; currency: string; owed: number }) {
  const t = useWords();
  const { money } = useConsole();
  const client = useQueryClient();
  const once = useOnce();
  const { data } = useCharges(bill);
  const spoken = data?.lines.filter(({ state }) => isUnderWay(state)).reduce((sum, { minor }) => sum + minor, 0) ?? 0;
  const left = Math.max(owed - spoken, 0);
  const [typed, setTyped] = useState<string | null>(null);
  const [till, setTill] = useState('front');
  const [source, setSource] = useState('');
  const text = typed ?? typedMoney(left, currency);
  if (!data?.gateway) return null;
  const isHouse = data.gateway === 'house';

  async function charge(event: FormEvent) {
    event.preventDefault();
    const minor = readMoney(text, currency);
    if (minor === null) return once.setProblems([{ code: 'money.unread', field: '', with: {} }]);
    if (isHouse && source.trim() === '') return once.setProblems([{ code: 'payment.no_slip', field: 'source', with: {} }]);
    const said = await once.run((key) => money.charge(key, bill, { amount_minor: minor, currency }, till.trim(), source.trim() || null), (value) => t(value.state === 'pending' ? 'charges.asked' : 'bills.paid'));
    // what was refused, or not answered, may be written down all the same
    await client.invalidateQueries({ queryKey: [...moneyKey, 'charges'] });
    if (!said) return;
    setTyped(null);
    setSource('');
  }

  return (
    <form noValidate className="money-form" onSubmit={(event) => void charge(event)}>
      <p className="line-facts">{isHouse ? t('charges.house') : t('charges.explain', { gateway: t.of('Gateway', data.gateway) })}</p>
      <Group gap="sm" align="end">
        <AmountField label={t(isHouse ? 'charges.byCard' : 'charges.card')} currency={currency} text={text} onText={setTyped} testId="charge-amount" />
        <TextInput label={isHouse ? t('charges.slip') : t('charges.source')} maxLength={64} autoComplete="off" spellCheck={false} data-testid="charge-source" value={source} onChange={(event) => setSource(event.currentTarget.value)} />
        <TextInput label={t('charges.till')} maxLength={64} autoComplete="off" spellCheck={false} data-testid="charge-till" value={till} onChange={(event) => setTill(event.currentTarget.value)} />
        <Button type="submit" variant="default" disabled={once.isBusy} data-testid="charge-submit">{t(isHouse ? 'charges.submitHouse' : 'charges.submit')}</Button>
      </Group>
      <Problems problems={once.problems} />
    </form>
  );
}

/** What a gateway was asked for, as far as anybody knows. */
export function Charges({ bill }: { bill: string }) {
  const t = useWords();
  const client = useQueryClient();
  const { data } = useCharges(bill);
  const lines = data?.lines ?? [];
  const open = lines.filter(({ state }) => isUnderWay(state)).length;
  const before = useRef(open);
  useEffect(() => {
    // what is over changed the bill
    if (open < before.current) void client.invalidateQueries({ queryKey: moneyKey });
    before.current = open;
  }, [open, client]);
  if (lines.length === 0) return null;
  return (
    <Card title={t('charges.title')}>
      <ul className="plain-list" aria-live="polite">{lines.map((line) => <Line key={line.payment} line={line} />)}</ul>
    </Card>
  );
}

function Line({ line }: { line: ChargeLine }) {
  const t = useWords();
  const at = useAt();
  const { money } = useConsole();
  return (
    <li data-testid="charge" data-state={line.state}>
      <Group justify="space-between" align="start" gap="sm">
        <div>
          <Amount minor={line.minor} currency={line.currency} /> <span className={`mark ${marks[line.state]}`}>{t.of('ChargeState', line.state)}</span>
          <p className="line-facts">
            {t.of('Gateway', line.provider)}{line.source && <> · <bdi className="number">{line.source}</bdi></>} · {at(line.at_ms)} · <Who staff={line.by} />
            {line.receipt && <> · {t('bills.receipt')} <span className="number">{line.receipt}</span></>}
          </p>
          <p className="line-facts">{t.has(`charges.is.${line.state}`) && t.of('charges.is', line.state)}</p>
          {line.code && <p className="line-facts">{t.problem({ code: line.code, field: '', with: {} })}</p>}
          {line.payer && <p className="line-facts">{t('charges.payer')} <bdi className="number wraps">{line.payer}</bdi></p>}
        </div>
        {line.may_cancel && <ActButton label={t('charges.cancel')} done={t('charges.cancelAsked')} testId="charge-cancel" call={(key) => money.cancelCharge(key, line.payment)} />}
      </Group>
    </li>
  );
}
