import { Button, FileInput, Group, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import type { DayLine, DayWhole, DrawerLine } from '../../backend/types.gen';
import { mayDo } from '../../parts/access';
import { Card } from '../../parts/Card';
import { useSession, useToday } from '../../parts/context';
import { Empty } from '../../parts/Empty';
import { readMoney } from '../../parts/money';
import { Page } from '../../parts/Page';
import { useWords } from '../../parts/words';
import { Loaded, MoreButton, useConsole } from '../context';
import { href } from '../route';
import { AccountTable } from './LedgerPage';
import { ActButton, Amount, AmountCell, AmountField, Problems, useAt, useDayText, useOnce, Who } from './parts';
import { useDay, useDays, useDrawers, useSettlements } from './queries';

/** The end of a day: drawers are counted, the day is closed, and what gateways paid out is brought in. */
export function DaysPage() {
  const t = useWords();
  const { roles } = useSession();
  const query = useDays();
  return (
    <Page title={t('console.days')}>
      {mayDo(roles, 'cashier') && <Drawers />}
      <Card title={t('days.days')}>
        <p className="line-facts">{t('days.explain')}</p>
        <Loaded query={query}>{({ pages }) => <DayTable lines={pages.flatMap((page) => page.lines)} />}</Loaded>
        <MoreButton query={query} />
      </Card>
      <Settlements />
    </Page>
  );
}

function Drawers() {
  const t = useWords();
  const query = useDrawers();
  return (
    <Card title={t('days.drawers')}>
      <p className="line-facts">{t('days.drawersExplain')}</p>
      <Loaded query={query}>
        {(drawers) => (drawers.length === 0 ? <Empty>{t('days.noDrawers')}</Empty> : drawers.map((drawer) => <Drawer key={drawer.drawer + drawer.currency} drawer={drawer} />))}
      </Loaded>
    </Card>
  );
}

function Drawer({ drawer: { drawer, currency, has_moved, counted } }: { drawer: DrawerLine }) {
  const t = useWords();
  const at = useAt();
  const over = counted ? counted.counted - counted.expected : 0;
  return (
    <section className="drawer" data-testid="drawer" aria-label={`${drawer} ${currency}`}>
      <h3><bdi>{drawer}</bdi> <span className={`mark ${has_moved ? 'mark-saved' : 'mark-accepted'}`}>{t(has_moved ? 'days.toCount' : 'days.isCounted')}</span></h3>
      {counted && (
        <p className="line-facts" data-testid="drawer-counted">
          {t('days.last', { at: at(counted.at_ms) })} <Who staff={counted.by} /> · <Amount minor={counted.counted} currency={currency} />
          {over !== 0 && <> · <span className="danger-text">{t(over > 0 ? 'days.over' : 'days.short')} <Amount minor={Math.abs(over)} currency={currency} /></span></>}
        </p>
      )}
      <Count drawer={drawer} currency={currency} />
    </section>
  );
}

function Count({ drawer, currency }: { drawer: string; currency: string }) {
  const t = useWords();
  const { money } = useConsole();
  const once = useOnce();
  const [text, setText] = useState('');
  const [left, setLeft] = useState('');
  const isSafe = drawer === 'safe';

  async function count(event: FormEvent) {
    event.preventDefault();
    const minor = readMoney(text, currency);
    const stays = isSafe || left.trim() === '' ? minor : readMoney(left, currency);
    if (minor === null || stays === null) return once.setProblems([{ code: 'money.unread', field: '', with: {} }]);
    if (await once.run((key) => money.count(key, drawer, { amount_minor: minor, currency }, stays), t('days.counted'))) { setText(''); setLeft(''); }
  }

  return (
    <form noValidate onSubmit={(event) => void count(event)}>
      <Group gap="sm" align="end">
        <AmountField label={t('days.inDrawer')} currency={currency} text={text} onText={setText} testId="count-amount" />
        {!isSafe && <AmountField label={t('days.stays')} currency={currency} text={left} onText={setLeft} testId="count-left" />}
        <Button type="submit" variant="default" disabled={once.isBusy} data-testid="count-submit">{t('days.count')}</Button>
      </Group>
      <Problems problems={once.problems} />
    </form>
  );
}

function DayTable({ lines }: { lines: readonly DayLine[] }) {
  const t = useWords();
  const at = useAt();
  const day = useDayText();
  return (
    <table className="table">
      <thead><tr><th scope="col">{t('days.day')}</th><th scope="col">{t('days.closed')}</th><th scope="col">{t('days.late')}</th></tr></thead>
      <tbody>
        {lines.map((line) => (
          <tr key={line.day} data-testid="day" data-open={line.closed === null}>
            <th scope="row"><a href={href({ page: 'day', day: line.closed ? line.day : 'open' })}>{day(line.day)}</a></th>
            <td>{line.closed ? <><Who staff={line.closed.by} /><span className="line-facts">{at(line.closed.at_ms)}</span></> : <span className="mark mark-saved">{t('days.open')}</span>}</td>
            <td className="number"><span className="only-narrow">{t('days.late')}: </span>{line.late}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What one day brought, and what came late to it. */
export function DayPage({ day }: { day: string }) {
  const t = useWords();
  const query = useDay(day);
  return (
    <Page title={t('days.one')}>
      <p className="page-note"><a href={href({ page: 'days' })}>{t('days.back')}</a></p>
      <Loaded query={query}>{(whole) => <Whole whole={whole} />}</Loaded>
    </Page>
  );
}

function Whole({ whole }: { whole: DayWhole }) {
  const t = useWords();
  const shown = useDayText();
  const at = useAt();
  const { money } = useConsole();
  const { roles } = useSession();
  const today = useToday();
  const { line, since, accounts, late } = whole;
  return (
    <>
      <Card title={shown(line.day)} action={line.closed ? <span className="mark mark-accepted">{t('days.closed')}</span> : <span className="mark mark-saved">{t('days.open')}</span>}>
        {since && <p className="line-facts">{t('days.since', { day: shown(since) })}</p>}
        {line.closed && <p><Who staff={line.closed.by} /> · {at(line.closed.at_ms)}</p>}
        {/* tomorrow's is open after today's was closed, and cannot be closed yet */}
        {!line.closed && line.day <= today && mayDo(roles, 'books_keep') && <ActButton isMain label={t('days.close', { day: shown(line.day) })} done={t('days.closedNow')} testId="day-close" call={(key) => money.closeDay(key, line.day)} />}
      </Card>
      {late.length > 0 && <Late whole={whole} />}
      {accounts.length === 0 ? <Empty>{t('ledger.none')}</Empty> : <AccountTable lines={accounts} />}
    </>
  );
}

function Late({ whole: { late, line } }: { whole: DayWhole }) {
  const t = useWords();
  const at = useAt();
  return (
    <Card title={t('days.lateTitle', { count: line.late })}>
      <table className="table">
        <thead><tr><th scope="col">{t('money.what')}</th><th scope="col">{t('money.happened')}</th><th scope="col">{t('money.written')}</th><th scope="col" className="money">{t('money.amount')}</th></tr></thead>
        <tbody>
          {late.map((one) => (
            <tr key={one.journal} data-testid="late">
              <th scope="row">{t.of('Journal', one.why)}{one.bill && <span className="line-facts"><a href={href({ page: 'bill', id: one.bill })}>{t('bills.one')}</a></span>}</th>
              <td className="number nowrap">{at(one.occurred_ms)}</td><td className="number nowrap"><span className="only-narrow">{t('money.written')}: </span>{at(one.recorded_ms)}</td>
              <AmountCell label={t('money.amount')} minor={one.minor} currency={one.currency} />
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Settlements() {
  const t = useWords();
  const at = useAt();
  const { roles } = useSession();
  const query = useSettlements();
  return (
    <Card title={t('settlements.title')}>
      <p className="line-facts">{t('settlements.explain')}</p>
      {mayDo(roles, 'books_keep') && <Import />}
      <Loaded query={query}>
        {(lines) => (lines.length === 0 ? <Empty>{t('settlements.none')}</Empty> : (
          <ul className="plain-list">{lines.map((line) => <li key={line.id} data-testid="settlement"><bdi>{line.provider}</bdi> · {t('settlements.lines', { count: line.lines, fresh: line.new })}<span className="line-facts"><Who staff={line.by} /> · {at(line.at_ms)}</span></li>)}</ul>
        ))}
      </Loaded>
    </Card>
  );
}

function Import() {
  const t = useWords();
  const { money } = useConsole();
  const once = useOnce();
  const [provider, setProvider] = useState('stripe');
  const [file, setFile] = useState<File | null>(null);

  async function bring(event: FormEvent) {
    event.preventDefault();
    if (!file) return once.setProblems([{ code: 'required', field: 'file', with: {} }]);
    const text = await file.text();
    if (await once.run((key) => money.importSettlement(key, provider.trim(), text), t('settlements.done'))) setFile(null);
  }

  return (
    <form noValidate className="money-form" onSubmit={(event) => void bring(event)}>
      <Group gap="sm" align="end">
        <TextInput label={t('settlements.provider')} maxLength={64} autoComplete="off" spellCheck={false} data-testid="settlement-provider" value={provider} onChange={(event) => setProvider(event.currentTarget.value)} />
        <FileInput className="grows" label={t('settlements.file')} accept=".csv,text/csv" clearable clearButtonProps={{ 'aria-label': t('settlements.clear') }} data-testid="settlement-file" value={file} onChange={setFile} />
        <Button type="submit" variant="default" disabled={once.isBusy} data-testid="settlement-submit">{t('settlements.import')}</Button>
      </Group>
      <Problems problems={once.problems} />
    </form>
  );
}
