import { Text } from '@mantine/core';
import type { AuditLine, What } from '../backend/types.gen';
import { useNames } from '../parts/context';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Notice } from '../parts/Notice';
import { useAuditTrail } from '../parts/queries';
import { useTime } from '../parts/useTime';
import { useWords, type Word } from '../parts/words';

/** What can be done with a chart at a desk. */
const deeds: Partial<Record<What, Word>> = {
  chartViewed: 'audit.chartViewed', historyRead: 'audit.historyRead', changeSaved: 'audit.changeSaved', printed: 'audit.printed',
  heldWithdrawn: 'audit.heldWithdrawn', heldRestored: 'audit.heldRestored', conflictSettled: 'audit.conflictSettled',
  auditRead: 'audit.auditRead', emergencyOpened: 'audit.emergencyOpened',
};

/** Who opened, changed and printed this chart at this desk, newest first. For managers and auditors. */
export function AuditSection({ patient }: { patient: string }) {
  const t = useWords();
  const { data: trail } = useAuditTrail(patient);
  if (!trail) return null;
  return (
    <Card title={t('audit.title')}>
      {trail.trouble && <Notice kind="warn" role="alert">{t.problem(trail.trouble)}</Notice>}
      <Text size="sm" c="dimmed">{t('audit.explain')}</Text>
      {trail.lines.length === 0 && <Empty>{t('audit.none')}</Empty>}
      <ol className="history" data-testid="audit-trail">
        {trail.lines.map((line, place) => <Line key={trail.lines.length - place} line={line} />)}
      </ol>
    </Card>
  );
}

function Line({ line }: { line: AuditLine }) {
  const t = useWords();
  const time = useTime();
  const names = useNames();
  return (
    <li className="history-head">
      <strong>{names.staff(line.staff) || t('someone')}</strong> · {t(deeds[line.what] ?? 'audit.other')} · {time(line.at)}
    </li>
  );
}
