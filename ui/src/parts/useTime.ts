import { useReference } from './context';
import { showDate } from './dates';
import { useWords } from './words';
import { wallOf } from './zone';

/** Shows an instant by the hospital's clock, always with its date. */
export function useMoment() {
  const { zone } = useReference();
  const t = useWords();
  return (instant: string | null): string => {
    const { date, time } = wallOf(instant ?? '', zone);
    return date ? `${showDate(date, t.months)} ${time}` : '';
  };
}

/** Shows an instant by the hospital's clock: the time alone today, with the date otherwise. */
export function useTime() {
  const { zone } = useReference();
  const t = useWords();
  return (instant: string | null): string => {
    if (!instant) return '';
    const wall = wallOf(instant, zone);
    const isToday = wall.date === wallOf(Date.now(), zone).date;
    return isToday ? wall.time : `${showDate(wall.date, t.months)} ${wall.time}`;
  };
}
