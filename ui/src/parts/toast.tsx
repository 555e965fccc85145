import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import i18next from 'i18next';

/** Says what happened, for a moment. Undo stays ten seconds, and as long as it is pointed at or has the focus. */

let undoLatest: (() => void) | null = null;

/** Mantine's cross has no name of its own. */
const named = () => ({ closeButtonProps: { 'aria-label': i18next.t('close') } });

export function toast(message: string): void {
  notifications.show({ ...named(), message: <div className="toast">{message}</div>, autoClose: 5000, withBorder: true, color: 'teal' });
}

export function toastProblem(message: string): void {
  notifications.show({ ...named(), message: <div className="toast">{message}</div>, autoClose: 12_000, withBorder: true, color: 'red' });
}

export function toastUndo(message: string, undoLabel: string, undo: () => void): void {
  const id = `undo-${Date.now()}`;
  const act = () => {
    if (undoLatest === act) undoLatest = null;
    notifications.hide(id);
    undo();
  };
  undoLatest = act;
  notifications.show({
    ...named(), id, autoClose: 10_000, withBorder: true, color: 'teal',
    onClose: () => { if (undoLatest === act) undoLatest = null; },
    message: (
      <div className="toast">
        <span>{message}</span>
        <Button size="compact-sm" variant="default" onClick={act} aria-keyshortcuts="Control+Z">{undoLabel}</Button>
      </div>
    ),
  });
}

/** Takes away what was said: nobody's name stays on the screen of a desk that was left. */
export function dropToasts(): void {
  undoLatest = null;
  notifications.clean();
}

/** Undoes the latest act that is still on the screen. */
export function undo(): boolean {
  if (!undoLatest) return false;
  undoLatest();
  return true;
}
