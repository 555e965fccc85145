import './overview.css';
import { Button, Group, NativeSelect, SegmentedControl } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useState } from 'react';
import { useReference } from '../../parts/context';
import { showDate } from '../../parts/dates';
import { Page } from '../../parts/Page';
import { useMoment } from '../../parts/useTime';
import { useWords } from '../../parts/words';
import { Loaded } from '../context';
import type { OverviewAsk } from './backend';
import { Money } from './MoneyPart';
import { useOverview } from './queries';
import { Arrivals, NoShows } from './VisitParts';
import { Decisions, Lags } from './WaitingParts';

const spans = ['1', '7', '30', '90'] as const;

/** The whole hospital in figures: charts with their tables beside them, each figure with a way to what it counts. */
export function OverviewPage() {
  const t = useWords();
  const moment = useMoment();
  const [ask, setAsk] = useState<OverviewAsk>({ days: 7, department: null, ward: null });
  const query = useOverview(ask);
  return (
    <Page title={t('console.overview')} actions={<Button variant="default" data-testid="overview-again" leftSection={<IconRefresh size={16} aria-hidden />} loading={query.isFetching} onClick={() => void query.refetch()}>{t('overview.again')}</Button>}>
      <p className="page-note">{t('overview.explain')}</p>
      <Filters ask={ask} onChange={setAsk} />
      <Loaded query={query}>
        {(whole) => (
          <>
            <p className="page-note" role="status" data-testid="overview-as-of">{t('overview.range', { from: showDate(whole.from, t.months), to: showDate(whole.to, t.months) })} · {t('overview.asOf', { at: moment(whole.at) })}</p>
            <Arrivals whole={whole} department={ask.department} />
            <NoShows whole={whole} />
            {whole.money && <Money whole={whole} />}
            <Decisions whole={whole} ward={ask.ward} />
            <Lags whole={whole} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Filters({ ask, onChange }: { ask: OverviewAsk; onChange: (ask: OverviewAsk) => void }) {
  const t = useWords();
  const { departments, wards } = useReference();
  const all = { value: '', label: t('overview.all') };
  const options = (list: readonly { id: string; name: string }[]) => [all, ...list.map(({ id, name }) => ({ value: id, label: name }))];
  return (
    <Group gap="sm" align="end" mb="md" className="no-print">
      <SegmentedControl className="overview-spans" aria-label={t('overview.span')} value={String(ask.days)} onChange={(days) => onChange({ ...ask, days: Number(days) })} data={spans.map((value) => ({ value, label: t(`OverviewSpan.${value}`) }))} />
      <NativeSelect data-testid="overview-department" label={t('overview.department')} value={ask.department ?? ''} onChange={(event) => onChange({ ...ask, department: event.currentTarget.value || null })} data={options(departments)} />
      <NativeSelect data-testid="overview-ward" label={t('overview.ward')} value={ask.ward ?? ''} onChange={(event) => onChange({ ...ask, ward: event.currentTarget.value || null })} data={options(wards)} />
    </Group>
  );
}
