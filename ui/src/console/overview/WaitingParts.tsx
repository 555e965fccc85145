import type { OpenItems, Overview, WardLag } from '../../backend/types.gen';
import { mayDo } from '../../parts/access';
import { useNames, useSession } from '../../parts/context';
import { useMoment } from '../../parts/useTime';
import { useWords } from '../../parts/words';
import { href } from '../route';
import { colors, Figure, Heads, Part } from './parts';

/** Columns of open decisions: their figure, and from how many hours on something is counted. */
const ages = [{ of: 'open', hours: null }, { of: 'dayOld', hours: '24' }, { of: 'weekOld', hours: '168' }] as const;

/** What waits for a decision, by kind and age. */
export function Decisions({ whole: { items }, ward }: { whole: Overview; ward: string | null }) {
  const t = useWords();
  const list = useList(ward);
  const rows = items.map(({ kind, open, dayOld, weekOld }) => ({ of: t.of('ItemKind', kind), young: open - dayOld, day: dayOld - weekOld, week: weekOld }));
  const bars = (['young', 'day', 'week'] as const).map((age) => ({ name: age, label: t(`overview.age.${age}`), color: colors[age] }));
  return (
    <Part title={t('overview.items')} testId="overview-items" empty={items.length === 0 ? t('items.none') : null} bars={{ label: t('overview.itemsChart'), rows, bars, isStacked: true, isSideways: true, show: String }}>
      <table className="table">
        <Heads of={t('items.kind')} figures={ages.map(({ of }) => t(`overview.${of}`))} />
        <tbody>
          {items.map((line) => (
            <tr key={line.kind} data-testid="overview-kind" data-kind={line.kind}>
              <th scope="row">{t.of('ItemKind', line.kind)}</th>
              {ages.map(({ of, hours }) => <Figure key={of} label={t(`overview.${of}`)} to={line[of] > 0 ? list(line.kind, hours) : null} testId={`figure-${of}`}>{line[of]}</Figure>)}
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  );
}

/** Where the list is that somebody may open. */
function useList(ward: string | null) {
  const { roles } = useSession();
  return (kind: OpenItems['kind'], hours: string | null): string | null => {
    if (mayDo(roles, 'conflicts')) return href({ page: 'conflicts', narrow: { kind, hours, ward } });
    return kind === 'money' && hours === null ? href({ page: 'exceptions' }) : null;
  };
}

/** A time in the two units that say most of it. */
function useSpan() {
  const t = useWords();
  return (minutes: number): string => {
    const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
    if (days > 0) return t('overview.daysHours', { days, hours });
    return hours > 0 ? t('overview.hoursMinutes', { hours, minutes: minutes % 60 }) : t('overview.minutes', { minutes });
  };
}

/** How far behind the workstations of wards are. */
export function Lags({ whole: { lags } }: { whole: Overview }) {
  const t = useWords();
  const span = useSpan();
  const names = useNames();
  const all = lags.filter(({ desks }) => desks > 0);
  const rows = all.map(({ ward, silentMinutes }) => ({ of: names.ward(ward), silent: silentMinutes ?? 0 }));
  return (
    <Part
      title={t('overview.lags')} note={t('overview.lagsHint')} testId="overview-lags" empty={all.length === 0 ? t('overview.noDesks') : null}
      bars={{ label: t('overview.lagsChart'), rows, bars: [{ name: 'silent', label: t('overview.silent'), color: colors.day }], isSideways: true, show: span }}
    >
      <table className="table">
        <Heads of={t('items.ward')} figures={[t('overview.desks'), t('overview.silent'), t('devices.unsent')]} />
        <tbody>{all.map((lag) => <LagRow key={lag.ward} lag={lag} span={span} />)}</tbody>
      </table>
    </Part>
  );
}

function LagRow({ lag: { ward, desks, unheard, heard, silentMinutes, unsent }, span }: { lag: WardLag; span: (minutes: number) => string }) {
  const t = useWords();
  const names = useNames();
  const moment = useMoment();
  const { roles } = useSession();
  const list = mayDo(roles, 'devices') ? href({ page: 'devices', ward }) : null;
  return (
    <tr data-testid="overview-ward-lag">
      <th scope="row">{names.ward(ward) || t('unknown')}</th>
      <Figure label={t('overview.desks')} to={list} testId="figure-desks">{desks}</Figure>
      <td className="money"><span className="only-narrow">{t('overview.silent')}: </span>{silentMinutes === null ? '–' : span(silentMinutes)}{heard && <span className="line-facts">{moment(heard)}</span>}{unheard > 0 && <span className="line-facts">{t('overview.unheard', { count: unheard })}</span>}</td>
      <td className="money number"><span className="only-narrow">{t('devices.unsent')}: </span>{unsent}</td>
    </tr>
  );
}
