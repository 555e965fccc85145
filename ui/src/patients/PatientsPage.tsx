import { Button, Text } from '@mantine/core';
import { IconUserPlus } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, type KeyboardEvent } from 'react';
import type { Row } from '../backend/types.gen';
import { Allergies, bornText } from '../parts/Banner';
import { useMay, useNames, useSession, useStatus, useToday } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Page } from '../parts/Page';
import { OtherNames, PersonName } from '../parts/PersonName';
import { usePatients } from '../parts/queries';
import { asPatient } from '../parts/records';
import { go, href } from '../parts/route';
import { rowPress } from '../parts/rowPress';
import { SyncMark } from '../parts/SyncMark';
import { useTime } from '../parts/useTime';
import { useWords } from '../parts/words';

/** The ward's patients, however many: only the rows in sight are drawn, pages are read as one scrolls. */
export function PatientsPage() {
  const t = useWords();
  const { ward } = useSession();
  const names = useNames();
  const time = useTime();
  const status = useStatus();
  const mayRegister = useMay().write('patient', 'name');
  const { data, fetchNextPage, hasNextPage, isFetchingNextPage, isPending } = usePatients(ward);
  const rows = useMemo(() => data?.pages.flatMap((page) => page.rows) ?? [], [data]);
  const total = data?.pages[0]?.total ?? 0;

  return (
    <Page
      title={t('patients.title', { ward: names.ward(ward) })}
      titleExtra={<Text size="sm" c="dimmed">{t('patients.count', { count: total })} · {t('asOf', { time: time(status?.syncedAt ?? null) || t('never') })}</Text>}
      actions={(
        <Button leftSection={<IconUserPlus size={16} aria-hidden />} disabled={!mayRegister} title={mayRegister ? undefined : t('may.notRegister')} onClick={() => go({ page: 'register' })}>{t('patients.register')}</Button>
      )}
    >
      <p className="print-only">{t('print.rowsInSight')}</p>
      {!isPending && rows.length === 0 && <Empty>{t('patients.empty')}</Empty>}
      {rows.length > 0 && <PatientList rows={rows} total={total} isMore={hasNextPage && !isFetchingNextPage} onMore={() => void fetchNextPage()} />}
    </Page>
  );
}

interface PatientListProps { rows: Row[]; total: number; isMore: boolean; onMore: () => void }

function PatientList({ rows, total, isMore, onMore }: PatientListProps) {
  const t = useWords();
  const box = useRef<HTMLDivElement>(null);
  // the virtualizer hands out functions that must not be memoized; no compiler runs here
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => 44, overscan: 12 });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (isMore && last > rows.length - 60) onMore();
  }, [isMore, last, rows.length, onMore]);

  function move(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const index = Number((event.target as HTMLElement).closest('[data-index]')?.getAttribute('data-index'));
    if (!step || Number.isNaN(index)) return;
    event.preventDefault();
    const next = Math.min(Math.max(index + step, 0), rows.length - 1);
    virtual.scrollToIndex(next);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${next}"] a`)?.focus());
  }

  return (
    <div className="list" role="table" aria-rowcount={total + 1} aria-label={t('patients.table')}>
      <div role="rowgroup">
        <div role="row" className="list-head" aria-rowindex={1}>
          {(['name', 'born', 'mrn', 'bed', 'allergies', 'state'] as const).map((column) => <span role="columnheader" key={column}>{t(`column.${column}`)}</span>)}
        </div>
      </div>
      <div role="rowgroup" ref={box} className="list-body" onKeyDown={move} tabIndex={-1}>
        <div role="presentation" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {items.map((item) => (
            <div
              key={item.key} role="row" aria-rowindex={item.index + 2} data-index={item.index} ref={virtual.measureElement}
              className="list-row opens" data-testid="row-patient" style={{ transform: `translateY(${item.start}px)` }}
              onClick={rowPress(() => go({ page: 'chart', id: rows[item.index]!.id }))}
            >
              <PatientCells row={rows[item.index]!} />
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

function PatientCells({ row }: { row: Row }) {
  const t = useWords();
  const today = useToday();
  const patient = asPatient(row.body);
  return (
    <>
      <span role="cell" className="list-name">
        <a href={href({ page: 'chart', id: row.id })}><PersonName patient={patient} /></a> <OtherNames patient={patient} />
      </span>
      <span role="cell">{bornText(patient, today, t)} · {t.of('Gender', patient.gender ?? 'unknown')}</span>
      <span role="cell" className="number">{patient.mrn ?? t('unknown')}</span>
      <span role="cell">{patient.bed ?? '–'}</span>
      <span role="cell"><Allergies patient={patient} /></span>
      <span role="cell"><SyncMark row={row} isQuiet /></span>
    </>
  );
}
