import { Button, Group, TextInput } from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import type { PriceLine, PriceList } from '../../backend/types.gen';
import { mayDo } from '../../parts/access';
import { Card } from '../../parts/Card';
import { useReference, useSession, useToday } from '../../parts/context';
import { showDate } from '../../parts/dates';
import { readMoney, typedMoney } from '../../parts/money';
import { Page } from '../../parts/Page';
import { toast } from '../../parts/toast';
import { useMoment } from '../../parts/useTime';
import { useWords } from '../../parts/words';
import { Loaded, useConsole } from '../context';
import { Amount, AmountField, Who } from '../money/parts';
import { Found, Moved } from './parts';
import { useDraft, usePrices, useSentence } from './queries';

/** What consultations cost, department by department: now, from a later day on, and before. */
export function PricesPage() {
  const t = useWords();
  const query = usePrices();
  return (
    <Page title={t('console.prices')}>
      <p className="page-note">{t('prices.explain')}</p>
      <Loaded query={query}>{(list) => <Prices list={list} />}</Loaded>
    </Page>
  );
}

function Prices({ list }: { list: PriceList }) {
  const t = useWords();
  const { departments, closed } = useReference();
  const priced = closed.departments.filter(({ id }) => list.lines.some(({ department }) => department === id));
  const rate = new Intl.NumberFormat(t.language, { style: 'percent', maximumFractionDigits: 2 }).format(list.taxBasisPoints / 10_000);
  return (
    <>
      <p className="page-note">{t('prices.tax', { rate })}</p>
      <Department id={null} name={t('prices.elsewhere')} list={list} />
      {departments.map(({ id, name }) => <Department key={id} id={id} name={name} list={list} />)}
      {priced.map(({ id, name }) => <Department key={id} id={id} name={`${name} (${t('places.closed')})`} list={list} isClosed />)}
    </>
  );
}

function Department({ id, name, list, isClosed = false }: { id: string | null; name: string; list: PriceList; isClosed?: boolean }) {
  const t = useWords();
  const { roles } = useSession();
  const [isOpen, setIsOpen] = useState(false);
  const lines = list.lines.filter(({ department }) => department === id);
  const now = lines.find(({ state }) => state === 'in_force');
  const planned = lines.filter(({ state }) => state === 'planned');
  const before = lines.filter(({ state }) => state === 'past' || state === 'replaced');
  return (
    <div data-testid="price-of" data-department={id ?? 'elsewhere'}>
      <Card
        title={name}
        action={!isOpen && !isClosed && mayDo(roles, 'prices') && <Button size="compact-sm" variant="default" aria-label={t('prices.changeOne', { name })} data-testid="price-change" onClick={() => setIsOpen(true)}>{t(lines.length > 0 ? 'hours.change' : 'prices.add')}</Button>}
      >
        {isOpen && <PriceForm id={id} lines={lines} list={list} onDone={() => setIsOpen(false)} />}
        <dl className="facts">
          <div><dt>{t('prices.now')}</dt><dd data-testid="price-now">{now ? <Price line={now} /> : t(id === null ? 'prices.none' : 'prices.likeElsewhere')}</dd></div>
          {planned.length > 0 && <div><dt>{t('prices.planned')}</dt><dd data-testid="price-planned">{[...planned].reverse().map((line) => <Price key={line.id} line={line} />)}</dd></div>}
        </dl>
        {before.length > 0 && (
          <details data-testid="price-history">
            <summary>{t('prices.history', { count: before.length })}</summary>
            {before.map((line) => <Price key={line.id} line={line} />)}
          </details>
        )}
      </Card>
    </div>
  );
}

/** One price: how much, from when, and who said so. */
function Price({ line }: { line: PriceLine }) {
  const t = useWords();
  const moment = useMoment();
  return (
    <div className="price">
      <Amount minor={line.net.amount_minor} currency={line.net.currency} /> {line.from ? t('prices.from', { at: moment(line.from) }) : t('prices.always')}
      {line.state === 'replaced' && <> · {t('prices.replaced')}</>}
      <span className="line-facts"><Who staff={line.by} />{line.said && <> · {moment(line.said)}</>}</span>
    </div>
  );
}

interface Typed { amount: string; currency: string; from: string; base: number | null }

function PriceForm({ id, lines, list, onDone }: { id: string | null; lines: readonly PriceLine[]; list: PriceList; onDone: () => void }) {
  const t = useWords();
  const { admin } = useConsole();
  const client = useQueryClient();
  const today = useToday();
  const newest = lines.reduce<PriceLine | null>((last, line) => (last && last.id > line.id ? last : line), null);
  const now = lines.find(({ state }) => state === 'in_force') ?? newest;
  const currency = list.currency ?? '';
  const [opened] = useState<Typed>({ amount: now ? typedMoney(now.net.amount_minor, now.net.currency) : '', currency, from: today, base: newest?.id ?? null });
  const form = useDraft(opened);
  const [base, setBase] = useState(opened.base);
  const sentence = useSentence(form.problems);
  const { draft } = form;
  const hasMoved = base !== (newest?.id ?? null);

  async function save(event: FormEvent) {
    event.preventDefault();
    const code = draft.currency.trim().toUpperCase();
    const minor = readMoney(draft.amount, code);
    if (minor === null || code.length !== 3) return form.setProblems([{ code: minor === null ? 'money.unread' : 'price.currency', field: minor === null ? 'amount' : 'currency', with: {} }]);
    const saved = await form.run(() => admin.setPrice({ department: id, net: { amount_minor: minor, currency: code }, from: draft.from, base }));
    if (!saved) return void client.invalidateQueries({ queryKey: ['prices'] });
    client.setQueryData(['prices'], saved);
    toast(t('prices.saved'));
    onDone();
  }

  return (
    <form noValidate className="line-form" onSubmit={(event) => void save(event)}>
      {hasMoved && newest && <Moved now={<Price line={newest} />} onReopen={onDone} onGoOn={() => { setBase(newest.id); form.setProblems([]); }} />}
      <Found box={form.box} problems={form.problems} fields={['amount', 'amount_minor', 'currency', 'from']} testId="price-problems" />
      <Group gap="sm" align="start">
        <AmountField label={t('prices.net')} currency={currency} text={draft.amount} onText={(amount) => form.set({ amount })} testId="price-amount" error={sentence('amount') ?? sentence('amount_minor')} />
        {currency === '' && <TextInput w={110} label={t('prices.currency')} description="ISO 4217" maxLength={3} autoComplete="off" data-testid="price-currency" error={sentence('currency')} value={draft.currency} onChange={(event) => form.set({ currency: event.currentTarget.value })} />}
        <DateInput
          label={t('prices.fromDay')} error={sentence('from')} data-testid="price-from" value={draft.from} minDate={today} valueFormat="DD MMM YYYY"
          onChange={(day) => day && form.set({ from: day })}
        />
      </Group>
      <p className="line-facts">{draft.from === today ? t('prices.fromNow') : t('prices.fromMidnight', { day: showDate(draft.from, t.months) })}</p>
      <Group gap="xs">
        <Button type="submit" size="compact-md" data-testid="price-save" loading={form.isBusy}>{t('prices.save')}</Button>
        <Button size="compact-md" variant="default" onClick={onDone}>{t('console.cancel')}</Button>
      </Group>
    </form>
  );
}
