import type { Row } from '../backend/types.gen';
import { Empty } from '../parts/Empty';
import { PersonName } from '../parts/PersonName';
import { useConflictList, useRow } from '../parts/queries';
import { asPatient } from '../parts/records';
import { href } from '../parts/route';
import { useWords } from '../parts/words';

/** Records on which two places wrote different things into one field. */
export function ConflictList() {
  const t = useWords();
  const { data: rows = [], isPending } = useConflictList();
  if (!isPending && rows.length === 0) return <Empty>{t('conflicts.none')}</Empty>;
  return (
    <>
      <p className="page-note">{t('conflicts.explain')}</p>
      <ul className="lines card">{rows.map((row) => <ConflictLine key={row.id} row={row} />)}</ul>
    </>
  );
}

function ConflictLine({ row }: { row: Row }) {
  const t = useWords();
  const subject = useSubject(row);
  return (
    <li className="line" data-testid="conflict-item">
      <span><strong><PersonName patient={subject && asPatient(subject.body)} /></strong> <span className="line-facts">{t(`kind.${row.kind}`)} · {t('conflicts.fields', { count: row.conflicts })}</span></span>
      <a className="button-link" href={href({ page: 'conflict', kind: row.kind, id: row.id })}>{t('conflicts.open')}</a>
    </li>
  );
}

/** The patient a record is about. */
export function useSubject(row: Row | null): Row | null {
  const id = !row || row.kind === 'patient' ? null : String((row.body as { patient?: string }).patient ?? '');
  const { data } = useRow('patient', id);
  if (!row) return null;
  return row.kind === 'patient' ? row : (data ?? null);
}
