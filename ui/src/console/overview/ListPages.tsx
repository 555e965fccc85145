import type { TakingLine, VisitLine } from '../../backend/types.gen';
import { mayDo } from '../../parts/access';
import { useNames, useSession } from '../../parts/context';
import { showDate } from '../../parts/dates';
import { Empty } from '../../parts/Empty';
import { Page } from '../../parts/Page';
import { useMoment } from '../../parts/useTime';
import { useWords } from '../../parts/words';
import { Loaded, MoreButton } from '../context';
import { AmountCell, useAt } from '../money/parts';
import { href } from '../route';
import type { TakingAsk, VisitAsk } from './backend';
import { useTakings, useVisits } from './queries';

/** What a list is of, and the way back. */
function Lead({ what, from, to }: { what: string; from: string; to: string }) {
  const t = useWords();
  const days = from === to ? showDate(from, t.months) : t('overview.range', { from: showDate(from, t.months), to: showDate(to, t.months) });
  return <p className="page-note"><a href={href({ page: 'overview' })}>{t('overview.back')}</a> · {what} · {days}</p>;
}

/** The visits that a figure counts. They name nobody. */
export function VisitsPage({ ask }: { ask: VisitAsk }) {
  const t = useWords();
  const names = useNames();
  const query = useVisits(ask);
  const department = names.department(ask.department);
  return (
    <Page title={t('overview.visits')}>
      <Lead what={[t(`Turnout.${ask.of}`), department].filter(Boolean).join(' · ')} from={ask.from} to={ask.to} />
      <Loaded query={query}>
        {({ pages }) => {
          const lines = pages.flatMap((page) => page.lines);
          return lines.length === 0 ? <Empty>{t('overview.noVisits')}</Empty> : <VisitTable lines={lines} />;
        }}
      </Loaded>
      <MoreButton query={query} />
    </Page>
  );
}

function VisitTable({ lines }: { lines: readonly VisitLine[] }) {
  const t = useWords();
  const names = useNames();
  const moment = useMoment();
  return (
    <table className="table">
      <thead><tr><th scope="col">{t('overview.begins')}</th><th scope="col">{t('overview.departmentName')}</th><th scope="col">{t('overview.doctor')}</th><th scope="col">{t('overview.status')}</th></tr></thead>
      <tbody>
        {lines.map((line) => (
          <tr key={line.id} data-testid="overview-visit">
            <th scope="row" className="number">{moment(line.at)}</th><td>{names.department(line.department) || t('unknown')}</td><td>{names.staff(line.practitioner) || t('someone')}</td><td>{t.of('AppointmentStatus', line.status)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The journals that a figure adds up. */
export function TakingsPage({ ask }: { ask: TakingAsk }) {
  const t = useWords();
  const query = useTakings(ask);
  return (
    <Page title={t('overview.takings')}>
      <Lead what={`${t(`Takings.${ask.of}`)} · ${ask.currency}`} from={ask.from} to={ask.to} />
      <Loaded query={query}>
        {({ pages }) => {
          const lines = pages.flatMap((page) => page.lines);
          return lines.length === 0 ? <Empty>{t('overview.noMoney')}</Empty> : <TakingTable lines={lines} />;
        }}
      </Loaded>
      <MoreButton query={query} />
    </Page>
  );
}

function TakingTable({ lines }: { lines: readonly TakingLine[] }) {
  const t = useWords();
  const at = useAt();
  const { roles } = useSession();
  const mayOpen = mayDo(roles, 'cashier');
  return (
    <table className="table">
      <thead><tr><th scope="col">{t('ledger.journal')}</th><th scope="col">{t('money.what')}</th><th scope="col">{t('days.day')}</th><th scope="col">{t('money.happened')}</th><th scope="col" className="money">{t('money.amount')}</th></tr></thead>
      <tbody>
        {lines.map((line) => (
          <tr key={line.journal} data-testid="overview-taking">
            <th scope="row" className="number">{line.journal}</th>
            <td>{t.of('Journal', line.why)}{line.bill && mayOpen && <span className="line-facts"><a href={href({ page: 'bill', id: line.bill })}>{t('bills.one')}</a></span>}</td>
            <td className="number nowrap">{showDate(line.day, t.months)}</td><td className="number nowrap">{at(line.occurredMs)}</td>
            <AmountCell label={t('money.amount')} minor={line.minor} currency={line.currency} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}
