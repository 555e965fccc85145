import type { Problem, Row, Save } from '../backend/types.gen';
import { useBackend } from '../parts/context';
import { asAppointment } from '../parts/records';
import { toastProblem, toastUndo } from '../parts/toast';
import { useWords } from '../parts/words';

export interface Target { start: string; practitioner: string }

/** Moves a visit, by mouse or by keyboard, and offers to undo it. The desk's rules answer; returns what they say against it. */
export function useMoveVisit() {
  const backend = useBackend();
  const t = useWords();

  async function write(row: Row, to: Target): Promise<Row | Problem[]> {
    const was = asAppointment(row.body);
    // every move of the time is kept; the same time with somebody else is none
    const move = was.start === to.start ? {} : { move: [{ id: '', from: was.start, to: to.start, reason: null }] };
    // who needs rebooking asks for the new slot
    const asks = was.status === 'waitlist' ? { status: 'pending' } : {};
    const ask: Save = { kind: 'appointment', id: row.id, base: row.heads, draft: { ...to, ...move, ...asks }, held: null };
    const answer = await backend.save(ask);
    return answer.outcome === 'saved' ? answer.row : answer.problems;
  }

  const undo = async (row: Row, to: Target) => {
    const done = await write(row, to);
    if (Array.isArray(done)) toastProblem(done.map((problem) => t.problem(problem)).join(' '));
  };

  return async (row: Row, to: Target, said: string): Promise<Problem[]> => {
    const { start, practitioner } = asAppointment(row.body);
    const done = await write(row, to);
    if (Array.isArray(done)) return done;
    if (start && practitioner) toastUndo(said, t('undo'), () => void undo(done, { start, practitioner }));
    return [];
  };
}
