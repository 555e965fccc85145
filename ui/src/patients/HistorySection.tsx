import { NativeSelect } from '@mantine/core';
import { useState } from 'react';
import type { Chart, HistoryEntry, Kind, Row } from '../backend/types.gen';
import { useNames, useSession } from '../parts/context';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { useHistory } from '../parts/queries';
import { asAppointment, asPrescription } from '../parts/records';
import { useMoment, useTime } from '../parts/useTime';
import { isSilent, useValueText } from '../parts/values';
import { useWords } from '../parts/words';

/** Who changed what, when and on which desk: newest first, before and after in words. */
export function HistorySection({ chart }: { chart: Chart }) {
  const t = useWords();
  const time = useMoment();
  const rows = [chart.patient, ...chart.appointments, ...chart.prescriptions];
  const [chosen, setChosen] = useState(chart.patient.id);
  const row = rows.find((one) => one.id === chosen) ?? chart.patient;
  const { data: entries = [] } = useHistory(row.kind, row.id, true);
  const choices = rows.map((one) => ({ value: one.id, label: labelOf(one) }));

  function labelOf(one: Row): string {
    const word = t(`kind.${one.kind}`);
    if (one.kind === 'appointment') return `${word} · ${time(asAppointment(one.body).start)}`;
    if (one.kind === 'prescription') return `${word} · ${time(asPrescription(one.body).authoredOn)}`;
    return word;
  }

  return (
    <Card title={t('chart.history')} action={<NativeSelect aria-label={t('history.of')} data={choices} value={row.id} onChange={(event) => setChosen(event.currentTarget.value)} className="no-print" />}>
      {entries.length === 0 && <Empty>{t('history.none')}</Empty>}
      <ol className="history">
        {entries.map((entry) => <Entry key={`${entry.at} ${entry.device} ${JSON.stringify(entry.fields[0] ?? '')}`} entry={entry} kind={row.kind} />)}
      </ol>
    </Card>
  );
}

function Entry({ entry, kind }: { entry: HistoryEntry; kind: Kind }) {
  const t = useWords();
  const time = useTime();
  const names = useNames();
  const { device } = useSession();
  const value = useValueText();
  const fields = entry.fields.filter(({ path, before, after }) => !isSilent(path) && (before ?? '') !== (after ?? ''));
  const where = entry.device === device ? t('here') : t('desk', { n: entry.device });
  return (
    <li>
      <div className="history-head"><strong>{names.staff(entry.staff) || t('someone')}</strong> · {time(entry.at)} · {where}</div>
      <ul className="history-fields">
        {fields.map(({ path, before, after }) => (
          <li key={path}>
            <span className="history-field">{t.field(path)}</span>{' '}
            {before !== null && before !== '' && <><del><bdi>{value(kind, path, before)}</bdi></del> <span aria-hidden>→</span> </>}
            <ins><bdi>{value(kind, path, after)}</bdi></ins>
          </li>
        ))}
      </ul>
    </li>
  );
}
