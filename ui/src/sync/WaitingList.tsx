import { useNames } from '../parts/context';
import { Empty } from '../parts/Empty';
import { useWaiting } from '../parts/queries';
import { href } from '../parts/route';
import { StateMark } from '../parts/SyncMark';
import { useTime } from '../parts/useTime';
import { useWords } from '../parts/words';
import type { Waiting } from '../backend/types.gen';

/** Changes that the hospital has not accepted yet. All of them are safe on this computer. */
export function WaitingList() {
  const t = useWords();
  const { data: waiting = [], isPending } = useWaiting();
  if (!isPending && waiting.length === 0) return <Empty>{t('waiting.none')}</Empty>;
  return (
    <>
      <p className="page-note">{t('waiting.explain')}</p>
      <table className="table" aria-label={t('tab.waiting')}>
        <thead><tr>{(['name', 'what', 'who', 'when', 'state'] as const).map((column) => <th key={column} scope="col">{t(`column.${column}`)}</th>)}</tr></thead>
        <tbody>{waiting.map((one, n) => <WaitingRow key={`${one.record} ${one.at} ${n}`} one={one} />)}</tbody>
      </table>
    </>
  );
}

function WaitingRow({ one }: { one: Waiting }) {
  const t = useWords();
  const time = useTime();
  const names = useNames();
  const fields = [...new Set(one.fields.map((field) => t.field(field)))].join(', ');
  const lastError = one.lastError && t.problem({ code: one.lastError, field: '', with: {} });
  return (
    <tr data-testid="waiting-item">
      <td>{one.patient ? <a href={href({ page: 'chart', id: one.patient })}><bdi>{one.patientName || t('name.notHere')}</bdi></a> : t('name.notHere')}</td>
      <td className="wraps">{t(one.isNew ? 'waiting.new' : 'waiting.changed', { kind: t(`kind.${one.kind}`) })}{!one.isNew && <span className="line-facts">{fields}</span>}</td>
      <td>{names.staff(one.staff) || t('someone')}</td>
      <td>{time(one.at)}</td>
      <td><StateMark state={one.state} />{lastError && <span className="line-facts">{lastError}</span>}</td>
    </tr>
  );
}
