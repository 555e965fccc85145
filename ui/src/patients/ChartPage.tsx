import { Button, Tabs, Text } from '@mantine/core';
import { IconCalendarPlus, IconEdit, IconPill, IconPrinter } from '@tabler/icons-react';
import { useEffect, type ReactNode } from 'react';
import type { Chart, Row } from '../backend/types.gen';
import { Banner } from '../parts/Banner';
import { useBackend, useMay, useSession, useStatus } from '../parts/context';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Notice } from '../parts/Notice';
import { Page } from '../parts/Page';
import { isPrintingPaper } from '../parts/paper';
import { PrintFoot } from '../parts/PrintFoot';
import { useChart } from '../parts/queries';
import { asPatient } from '../parts/records';
import { go, href } from '../parts/route';
import { useTime } from '../parts/useTime';
import { useWords } from '../parts/words';
import { AuditSection } from './AuditSection';
import { AllergySection, DetailsSection, NotesSection } from './ChartSections';
import { HistorySection } from './HistorySection';

interface ChartPageProps {
  id: string;
  /** What other departments show on the chart. */
  appointments: (rows: Row[]) => ReactNode;
  prescriptions: (rows: Row[]) => ReactNode;
  account: ReactNode;
}

/** Everything about one patient on one page. */
export function ChartPage({ id, appointments, prescriptions, account }: ChartPageProps) {
  const t = useWords();
  const { data: chart, isPending } = useChart(id);
  usePrintNote(id);
  if (isPending) return null;
  if (!chart) return <Page title={t('chart.missing')}><Empty>{t('chart.missingExplain')}</Empty></Page>;
  return (
    <Page title={t('chart.title')} banner={<Banner row={chart.patient} />} titleExtra={<AsOf row={chart.patient} />} actions={<Actions id={id} />}>
      <ReplacedNotice row={chart.patient} />
      <ConflictNotice row={chart.patient} />
      <Sections chart={chart} appointments={appointments} prescriptions={prescriptions} account={account} />
      <PrintFoot />
    </Page>
  );
}

/** A print of a chart is written down, however it was asked for. */
function usePrintNote(id: string) {
  const backend = useBackend();
  useEffect(() => {
    const note = () => void (isPrintingPaper() || backend.printed(id));
    window.addEventListener('beforeprint', note);
    return () => window.removeEventListener('beforeprint', note);
  }, [backend, id]);
}

function AsOf({ row }: { row: Row }) {
  const t = useWords();
  const time = useTime();
  const status = useStatus();
  if (!row.changedAt) return null;
  return <Text size="sm" c="dimmed">{t('chart.changed', { time: time(row.changedAt) })} · {t('asOf', { time: time(status?.syncedAt ?? null) || t('never') })}</Text>;
}

function Actions({ id }: { id: string }) {
  const t = useWords();
  const may = useMay();
  const buttons = [
    { page: 'edit', label: t('chart.edit'), icon: IconEdit, isAllowed: may.write('patient', 'name'), reason: t('may.notEdit'), keys: '' },
    { page: 'book', label: t('chart.book'), icon: IconCalendarPlus, isAllowed: may.write('appointment', 'start'), reason: t('may.notBook'), keys: 'B' },
    { page: 'prescribe', label: t('chart.prescribe'), icon: IconPill, isAllowed: may.write('prescription', 'line'), reason: t('may.notPrescribe'), keys: 'R' },
  ] as const;
  return (
    <>
      {buttons.map(({ page, label, icon: Icon, isAllowed, reason, keys }) => (
        <Button key={page} data-testid={`chart-${page}`} variant={page === 'edit' ? 'default' : 'filled'} disabled={!isAllowed} title={isAllowed ? undefined : reason} aria-keyshortcuts={keys || undefined} leftSection={<Icon size={16} aria-hidden />} onClick={() => go({ page, id })}>{label}</Button>
      ))}
      <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>{t('print')}</Button>
    </>
  );
}

/** A record that was replaced says so first: nobody writes on in it. */
function ReplacedNotice({ row }: { row: Row }) {
  const t = useWords();
  const link = asPatient(row.body).link.find(({ type, ended }) => type === 'replaced-by' && !ended);
  if (!link?.other) return null;
  return <Notice kind="warn" testId="replaced" title={t('chart.replaced')}><a href={href({ page: 'chart', id: link.other })}>{t('chart.replacedBy')}</a></Notice>;
}

function ConflictNotice({ row }: { row: Row }) {
  const t = useWords();
  if (row.conflicts === 0) return null;
  return (
    <p className="notice notice-conflict" role="status">
      {t('chart.conflict', { count: row.conflicts })} <a href={href({ page: 'conflict', kind: row.kind, id: row.id })}>{t('chart.conflictOpen')}</a>
    </p>
  );
}

function Sections({ chart, appointments, prescriptions, account }: { chart: Chart } & Omit<ChartPageProps, 'id'>) {
  const t = useWords();
  const { roles } = useSession();
  const may = useMay();
  return (
    <Tabs defaultValue="summary" keepMounted={false} className="chart-tabs" key={roles.join()}>
      <Tabs.List className="no-print" aria-label={t('chart.sections')}>
        <Tabs.Tab value="summary">{t('chart.summary')}</Tabs.Tab>
        <Tabs.Tab value="details">{t('chart.details')}</Tabs.Tab>
        <Tabs.Tab value="history">{t('chart.history')}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="summary" pt="sm">
        <div className="chart-grid">
          <div>
            <AllergySection row={chart.patient} />
            <Card title={t('chart.prescriptions')}>{may.read('prescription') ? prescriptions(chart.prescriptions) : <Empty>{t('may.notReadPrescriptions')}</Empty>}</Card>
          </div>
          <div>
            <Card title={t('chart.appointments')}>{appointments(chart.appointments)}</Card>
            {account}
            <NotesSection row={chart.patient} />
          </div>
        </div>
      </Tabs.Panel>
      <Tabs.Panel value="details" pt="sm"><DetailsSection row={chart.patient} /></Tabs.Panel>
      <Tabs.Panel value="history" pt="sm"><HistorySection chart={chart} />{may.readAudit && <AuditSection patient={chart.patient.id} />}</Tabs.Panel>
    </Tabs>
  );
}
