import { Button, Group, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import type { Outcome } from '../../backend';
import type { Problem } from '../../backend/types.gen';
import { useNames } from '../../parts/context';
import { showDate } from '../../parts/dates';
import { readMoney, showMoney } from '../../parts/money';
import { toast } from '../../parts/toast';
import { useMoment } from '../../parts/useTime';
import { useWords } from '../../parts/words';
import type { Money } from './backend';
import { moneyKey } from './queries';

/** An amount with its currency, in its own direction. */
export function Amount({ minor, currency }: { minor: number; currency: string }) {
  const t = useWords();
  return <bdi className="amount">{showMoney(minor, currency, t.language)}</bdi>;
}

/** A cell of amounts, with its heading where a table is narrow. */
export function AmountCell({ label, minor, currency }: { label: string; minor: number; currency: string }) {
  return <td className="money"><span className="only-narrow">{label}: </span><Amount minor={minor} currency={currency} /></td>;
}

/** Shows a moment of the books. */
export function useAt() {
  const moment = useMoment();
  return (at_ms: number): string => moment(new Date(at_ms).toISOString());
}

export function useDayText() {
  const t = useWords();
  return (day: string): string => showDate(day, t.months);
}

/** Who did something: the rules, if nobody. */
export function Who({ staff }: { staff: string | null }) {
  const t = useWords();
  const names = useNames();
  return <>{staff === null ? t('money.rules') : names.staff(staff) || t('someone')}</>;
}

export function Problems({ problems }: { problems: readonly Problem[] }) {
  const t = useWords();
  return <div role="alert">{problems.map((problem) => <p key={problem.code + problem.field} className="danger-text" data-testid="money-problem">{t.problem(problem)}</p>)}</div>;
}

/** After these nobody knows whether it was done: the same call is made again. */
const unknown = ['console.unreachable', 'idempotency.in_progress', 'fault'];

/** Does something that moves money once: the key stays the same until the server has answered. */
export function useOnce() {
  const client = useQueryClient();
  const [key, setKey] = useState(() => crypto.randomUUID() as string);
  const [isBusy, setIsBusy] = useState(false);
  const [problems, setProblems] = useState<Problem[]>([]);
  async function run<T>(call: (key: string) => Promise<Outcome<T>>, done: string | ((value: T) => string)): Promise<T | null> {
    setIsBusy(true);
    const answer = await call(key);
    setIsBusy(false);
    setProblems(answer.ok ? [] : answer.problems);
    if (answer.ok || !answer.problems.some(({ code }) => unknown.includes(code))) setKey(crypto.randomUUID());
    if (!answer.ok) return null;
    toast(typeof done === 'string' ? done : done(answer.value));
    await client.invalidateQueries({ queryKey: moneyKey });
    return answer.value ?? ({} as T);
  }
  return { run, isBusy, problems, setProblems };
}

interface AmountFieldProps { label: string; currency: string; text: string; onText: (text: string) => void; description?: string; testId?: string; error?: string }

export function AmountField({ label, currency, text, onText, description, testId, error }: AmountFieldProps) {
  return (
    <TextInput
      label={label} description={description} error={error} inputMode="decimal" autoComplete="off" rightSection={<span className="field-unit">{currency}</span>} rightSectionWidth={54}
      data-testid={testId} value={text} onChange={(event) => onText(event.currentTarget.value)}
    />
  );
}

interface AskProps { name: string; label: string; explain?: string; currency: string; most: number; submit: string; done: string; call: (key: string, amount: Money, reason: string) => Promise<Outcome<unknown>> }

/** A part of an amount, and why. */
export function AskAmount({ name, label, explain, currency, most, submit, done, call }: AskProps) {
  const t = useWords();
  const once = useOnce();
  // nobody gives all of it back by pressing twice
  const [text, setText] = useState('');
  const [reason, setReason] = useState('');

  async function ask(event: FormEvent) {
    event.preventDefault();
    const minor = readMoney(text, currency);
    if (minor === null) return once.setProblems([{ code: 'money.unread', field: '', with: {} }]);
    if (!await once.run((key) => call(key, { amount_minor: minor, currency }, reason), done)) return;
    setText('');
    setReason('');
  }

  return (
    <form noValidate className="money-form" onSubmit={(event) => void ask(event)}>
      <p className="line-facts">{explain} {t('money.most')} <Amount minor={most} currency={currency} />.</p>
      <Group gap="sm" align="end">
        <AmountField label={label} currency={currency} text={text} onText={setText} testId={`${name}-amount`} />
        <TextInput className="grows" label={t('money.reason')} maxLength={200} dir="auto" autoComplete="off" data-testid={`${name}-reason`} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        <Button type="submit" variant="default" disabled={once.isBusy} data-testid={`${name}-submit`}>{submit}</Button>
      </Group>
      <Problems problems={once.problems} />
    </form>
  );
}

/** One act of one button, done once. */
export function ActButton({ label, done, testId, call, after, isMain = false }: { label: string; done: string; testId: string; call: (key: string) => Promise<Outcome<unknown>>; after?: () => void; isMain?: boolean }) {
  const once = useOnce();
  return (
    <div>
      <Button size="compact-sm" variant={isMain ? 'filled' : 'default'} data-testid={testId} disabled={once.isBusy} onClick={() => void once.run(call, done).then((value) => value && after?.())}>{label}</Button>
      <Problems problems={once.problems} />
    </div>
  );
}

/** Facts as pairs. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return <dl className="facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}
