import { IconAlertCircle, IconArrowsSplit2, IconCheck, IconDeviceDesktop, IconSend } from '@tabler/icons-react';
import type { Row, SyncState } from '../backend/types.gen';
import { useWords } from './words';

const icons = { accepted: IconCheck, sent: IconSend, saved: IconDeviceDesktop, held: IconAlertCircle, conflict: IconArrowsSplit2 };

/** Where a record is on its way, in a word and a sign. Says nothing in lists when all is well. */
export function SyncMark({ row, isQuiet = false }: { row: Row; isQuiet?: boolean }) {
  const isDisputed = row.conflicts > 0;
  if (isQuiet && row.state === 'accepted' && !isDisputed) return null;
  return (
    <span className="marks">
      {!(isQuiet && row.state === 'accepted') && <StateMark state={row.state} />}
      {isDisputed && <StateMark state="conflict" />}
    </span>
  );
}

export function StateMark({ state }: { state: SyncState | 'conflict' }) {
  const t = useWords();
  const Icon = icons[state];
  return (
    <span className={`mark mark-${state}`} data-testid="sync-mark" data-state={state}>
      <Icon size={15} aria-hidden /> {t(`state.${state}`)}
    </span>
  );
}
