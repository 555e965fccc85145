import { useState, type DragEvent, type KeyboardEvent, type ReactNode } from 'react';
import type { PlaceAt, Visit } from '../backend/types.gen';
import { useReference } from '../parts/context';
import { asAppointment } from '../parts/records';
import { useWords } from '../parts/words';
import { placeAt, timeOf, timesOf, type Column } from './columns';
import type { Target } from './useMoveVisit';
import { VisitChip } from './VisitChip';

interface GridProps {
  label: string;
  columns: readonly Column[];
  heading: (column: Column) => ReactNode;
  /** What a column is called when a place is said in words. */
  name: (column: Column) => string;
  chosen: string | null;
  /** The visit for which a place is looked for. */
  moving: string | null;
  mayMove: boolean;
  onChoose: (visit: Visit) => void;
  onPlace: (visit: string, to: Target) => void;
  /** Books a free place; nothing for who may not. */
  onFree: ((place: Target) => void) | null;
}

/** Visits that can still be moved. */
const movable = ['proposed', 'pending', 'booked', 'waitlist'];

const kind = 'application/x-wardbook-visit';

/** A diary as a table: its rows are times, its columns doctors or days. Arrows go from button to button. */
export function Grid({ label, columns, heading, ...cell }: GridProps) {
  const t = useWords();
  const { zone } = useReference();
  return (
    <div className="diary-frame" role="region" aria-label={label} tabIndex={0}>
      <table className="diary" onKeyDown={step}>
        <caption className="visually-hidden">{label}</caption>
        <thead>
          <tr>
            <th scope="col">{t('column.time')}</th>
            {columns.map((column) => <th key={column.practitioner + column.date} scope="col">{heading(column)}</th>)}
          </tr>
        </thead>
        <tbody>
          {timesOf(columns, zone).map((time) => (
            <tr key={time}>
              <th scope="row" className="number">{time}</th>
              {columns.map((column) => <Cell key={column.practitioner + column.date} column={column} time={time} {...cell} />)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ column, time, name, chosen, moving, mayMove, onChoose, onPlace, onFree }: Omit<GridProps, 'label' | 'columns' | 'heading'> & { column: Column; time: string }) {
  const t = useWords();
  const { zone } = useReference();
  const [isOver, setIsOver] = useState(false);
  const place = placeAt(column, time);
  const isFirst = place === column.sheet?.places.find((one) => one.is === 'free');
  const visits = column.visits.filter((visit) => timeOf(visit, zone) === time);
  const target = place && { start: place.start, practitioner: column.practitioner };
  const drop = target && mayMove && {
    onDragOver: (event: DragEvent) => { if (event.dataTransfer.types.includes(kind)) { event.preventDefault(); setIsOver(true); } },
    onDragLeave: () => setIsOver(false),
    onDrop: (event: DragEvent) => { event.preventDefault(); setIsOver(false); onPlace(event.dataTransfer.getData(kind), target); },
  };
  const drag = (id: string) => (event: DragEvent) => { event.dataTransfer.effectAllowed = 'move'; event.dataTransfer.setData(kind, id); };
  return (
    <td className={`place place-${place?.is ?? 'closed'}`} data-over={isOver || undefined} {...drop}>
      {visits.map((visit) => {
        const { id } = visit.appointment;
        const isMovable = mayMove && movable.includes(asAppointment(visit.appointment.body).status);
        return <VisitChip key={id} visit={visit} time={time} isChosen={id === chosen} isMoving={id === moving} onChoose={() => onChoose(visit)} onDrag={isMovable ? drag(id) : null} />;
      })}
      {place && target && visits.length === 0 && (
        <Vacant
          place={place} isFirst={isFirst} label={t(moving ? 'diary.moveHere' : 'diary.bookHere', { time, whom: name(column) })}
          onPress={moving ? () => onPlace(moving, target) : onFree && place.is === 'free' ? () => onFree(target) : null}
        />
      )}
    </td>
  );
}

interface VacantProps { place: PlaceAt; isFirst: boolean; label: string; onPress: (() => void) | null }

/** A place that nobody has. Of the free ones in a column the first is in the order of Tab, arrows lead to the others. */
function Vacant({ place, isFirst, label, onPress }: VacantProps) {
  if (!onPress) return <Word place={place} />;
  return <button type="button" className="place-here" data-testid="diary-here" data-is={place.is} tabIndex={isFirst ? 0 : -1} aria-label={label} onClick={onPress}><Word place={place} /></button>;
}

const signs: Record<PlaceAt['is'], string> = { free: '○', taken: '●', soon: '–', full: '■', break: '‖', leave: '⌂', closed: '×' };

/** What a place is, in a sign and a word; pointed at, why. */
function Word({ place }: { place: PlaceAt }) {
  const t = useWords();
  return <span className="place-word" title={place.why ? t.problem(place.why) : undefined}><span aria-hidden>{signs[place.is]}</span> {t(`place.${place.is}`)}</span>;
}

/** Moves the focus to the next cell that has a button, in the direction of an arrow. */
function step(event: KeyboardEvent<HTMLTableElement>): void {
  const way = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
  const cell = (event.target as HTMLElement).closest('td');
  const row = cell?.parentElement as HTMLTableRowElement | null | undefined;
  if (!way || !cell || !row) return;
  const [down = 0, along = 0] = way;
  const { rows } = event.currentTarget;
  for (let y = row.rowIndex + down, x = cell.cellIndex + along; y > 0 && y < rows.length && x > 0 && x < row.cells.length; y += down, x += along) {
    const button = rows[y]?.cells[x]?.querySelector<HTMLElement>('button, a');
    if (!button) continue;
    event.preventDefault();
    button.focus();
    return;
  }
}
