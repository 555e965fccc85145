import {
  IconAlertTriangle, IconCheck, IconCircleCheck, IconClockHour4, IconDoorEnter, IconHelpCircle, IconUserCheck, IconUserX, IconX, type Icon,
} from '@tabler/icons-react';
import type { AppointmentStatus, Row } from '../backend/types.gen';
import { useBackend } from './context';
import { toastProblem, toastUndo } from './toast';
import { useWords } from './words';

/** A sign for each status: the word stands beside it, the colour only helps. */
export const statusSigns: Record<AppointmentStatus, Icon> = {
  proposed: IconClockHour4, pending: IconHelpCircle, waitlist: IconAlertTriangle, booked: IconCheck, cancelled: IconX, noshow: IconUserX,
  arrived: IconUserCheck, 'checked-in': IconDoorEnter, fulfilled: IconCircleCheck, 'entered-in-error': IconX,
};

export function StatusWord({ status }: { status: AppointmentStatus }) {
  const t = useWords();
  return <span className={`status status-${status}`}>{t.of('AppointmentStatus', status)}</span>;
}

/** Sets a status at once and offers to undo it for ten seconds; says whether it was set. */
export function useSetStatus() {
  const backend = useBackend();
  const t = useWords();
  async function write(row: Row, status: AppointmentStatus): Promise<Row | null> {
    const answer = await backend.save({ kind: 'appointment', id: row.id, base: row.heads, draft: { status }, held: null });
    if (answer.outcome === 'saved') return answer.row;
    toastProblem(answer.problems.map((problem) => t.problem(problem)).join(' '));
    return null;
  }
  return async (row: Row, before: AppointmentStatus, after: AppointmentStatus, who: string): Promise<boolean> => {
    const saved = await write(row, after);
    if (!saved) return false;
    const said = t('status.changed', { who, status: t.of('AppointmentStatus', after) });
    // on the version that was written here: what somebody else did since then stands beside it, to be compared
    toastUndo(said, t('undo'), () => void write(saved, before));
    return true;
  };
}
