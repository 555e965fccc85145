import type { DayVisits, DepartmentVisits, Overview, Turnout, Turnouts } from '../../backend/types.gen';
import { useNames } from '../../parts/context';
import { showDate } from '../../parts/dates';
import { useWords } from '../../parts/words';
import { href } from '../route';
import { colors, Figure, Heads, Part } from './parts';

const turnouts: readonly Turnout[] = ['came', 'missed', 'expected'];
const sum = (all: readonly { visits: Turnouts }[], of: Turnout) => all.reduce((sum, { visits }) => sum + visits[of], 0);

/** A day without its year, below a bar. */
export function useShortDay() {
  const t = useWords();
  return (day: string): string => showDate(day, t.months).slice(0, -5);
}

/** Who came and who did not, day by day. */
export function Arrivals({ whole: { days, from, to }, department }: { whole: Overview; department: string | null }) {
  const t = useWords();
  const short = useShortDay();
  const isNone = turnouts.every((of) => sum(days, of) === 0);
  const bars = turnouts.map((of) => ({ name: of, label: t(`Turnout.${of}`), color: colors[of] }));
  return (
    <Part
      title={t('overview.arrivals')} testId="overview-arrivals" empty={isNone ? t('overview.noVisits') : null}
      bars={{ label: t('overview.arrivalsChart'), rows: days.map(({ day, visits }) => ({ of: short(day), ...visits })), bars, isStacked: true, show: String }}
    >
      <table className="table">
        <Heads of={t('overview.day')} figures={turnouts.map((of) => t(`Turnout.${of}`))} />
        <tbody>
          {days.toReversed().map((one) => <DayRow key={one.day} one={one} department={department} />)}
          <VisitSum all={days} from={from} to={to} department={department} />
        </tbody>
      </table>
    </Part>
  );
}

function DayRow({ one: { day, visits }, department }: { one: DayVisits; department: string | null }) {
  const t = useWords();
  return (
    <tr data-testid="overview-day" data-day={day}>
      <th scope="row" className="number">{showDate(day, t.months)}</th>
      {turnouts.map((of) => <VisitFigure key={of} of={of} count={visits[of]} from={day} to={day} department={department} />)}
    </tr>
  );
}

interface VisitFigureProps { of: Turnout; count: number; from: string; to: string; department: string | null; hasList?: boolean }

function VisitFigure({ of, count, from, to, department, hasList = true }: VisitFigureProps) {
  const t = useWords();
  const list = hasList && count > 0 ? href({ page: 'visits', of, from, to, department }) : null;
  return <Figure label={t(`Turnout.${of}`)} to={list} testId={`figure-${of}`}>{count}</Figure>;
}

function VisitSum({ all, ...range }: { all: readonly { visits: Turnouts }[]; from: string; to: string; department: string | null }) {
  const t = useWords();
  return <tr className="sum" data-testid="overview-sum"><th scope="row">{t('overview.total')}</th>{turnouts.map((of) => <VisitFigure key={of} of={of} count={sum(all, of)} {...range} />)}</tr>;
}

/** A share of a thousand as people read it: 12.5 %. */
function useShare() {
  const t = useWords();
  const show = new Intl.NumberFormat(t.language, { style: 'percent', maximumFractionDigits: 1 });
  return (permille: number) => show.format(permille / 1000);
}

/** How many did not come, by department. */
export function NoShows({ whole: { departments, from, to } }: { whole: Overview }) {
  const t = useWords();
  const names = useNames();
  const share = useShare();
  const name = (one: DepartmentVisits) => names.department(one.department) || t('unknown');
  const known = departments.filter((one) => one.missedPermille !== null).toSorted((one, other) => other.missedPermille! - one.missedPermille! || name(one).localeCompare(name(other)));
  return (
    <Part
      title={t('overview.noShows')} note={t('overview.rateHint')} testId="overview-no-shows" empty={known.length === 0 ? t('overview.noneKnown') : null}
      bars={{ label: t('overview.noShowsChart'), rows: known.map((one) => ({ of: name(one), rate: one.missedPermille! })), bars: [{ name: 'rate', label: t('overview.rate'), color: colors.missed }], isSideways: true, show: share }}
    >
      <table className="table">
        <Heads of={t('overview.departmentName')} figures={[t('Turnout.came'), t('Turnout.missed'), t('overview.rate')]} />
        <tbody>
          {known.map((one) => (
            <tr key={one.department} data-testid="overview-of-department">
              <th scope="row">{name(one)}</th>
              {(['came', 'missed'] as const).map((of) => <VisitFigure key={of} of={of} count={one.visits[of]} from={from} to={to} department={one.department} hasList={one.department !== null} />)}
              <td className="money number"><span className="only-narrow">{t('overview.rate')}: </span>{share(one.missedPermille!)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  );
}
