import type { DayMoney, Overview, Takings } from '../../backend/types.gen';
import { showDate } from '../../parts/dates';
import { showMoney } from '../../parts/money';
import { useWords } from '../../parts/words';
import { Amount } from '../money/parts';
import { href } from '../route';
import { colors, Figure, Heads, Part } from './parts';
import { useShortDay } from './VisitParts';

const sides: readonly Takings[] = ['billed', 'received'];
const minorOf = (line: DayMoney, of: Takings) => (of === 'billed' ? line.billedMinor : line.receivedMinor);

/** What was billed and what came in, a chart for each currency. */
export function Money({ whole }: { whole: Overview }) {
  const lines = whole.money ?? [];
  const currencies = [...new Set(lines.map(({ currency }) => currency))];
  if (currencies.length === 0) return <OfCurrency whole={whole} currency="" lines={[]} />;
  return <>{currencies.map((currency) => <OfCurrency key={currency} whole={whole} currency={currency} lines={lines.filter((line) => line.currency === currency)} />)}</>;
}

function OfCurrency({ whole: { from, to }, currency, lines }: { whole: Overview; currency: string; lines: readonly DayMoney[] }) {
  const t = useWords();
  const short = useShortDay();
  const bars = sides.map((of) => ({ name: of, label: t(`Takings.${of}`), color: colors[of] }));
  const rows = lines.map((line) => ({ of: short(line.day), billed: line.billedMinor, received: line.receivedMinor }));
  const amount = (minor: number) => showMoney(Math.round(minor), currency, t.language);
  const sum = (of: Takings) => lines.reduce((all, line) => all + minorOf(line, of), 0);
  return (
    <Part
      title={currency ? t('overview.moneyIn', { currency }) : t('overview.money')} note={t('overview.moneyHint')} testId="overview-money" empty={lines.length === 0 ? t('overview.noMoney') : null}
      bars={{ label: t('overview.moneyChart'), rows, bars, show: amount, tick: (minor) => amount(minor).split('\u00a0')[0]! }}
    >
      <table className="table">
        <Heads of={t('overview.day')} figures={sides.map((of) => t(`Takings.${of}`))} />
        <tbody>
          {lines.toReversed().map((line) => (
            <tr key={line.day} data-testid="overview-money-day" data-day={line.day}>
              <th scope="row" className="number">{showDate(line.day, t.months)}</th>
              {sides.map((of) => <Taking key={of} of={of} minor={minorOf(line, of)} currency={currency} from={line.day} to={line.day} />)}
            </tr>
          ))}
          <tr className="sum" data-testid="overview-money-sum"><th scope="row">{t('overview.total')}</th>{sides.map((of) => <Taking key={of} of={of} minor={sum(of)} currency={currency} from={from} to={to} />)}</tr>
        </tbody>
      </table>
    </Part>
  );
}

function Taking({ of, minor, ...range }: { of: Takings; minor: number; currency: string; from: string; to: string }) {
  const t = useWords();
  const list = minor === 0 ? null : href({ page: 'takings', of, ...range });
  return <Figure label={t(`Takings.${of}`)} to={list} testId={`figure-${of}`}><Amount minor={minor} currency={range.currency} /></Figure>;
}
