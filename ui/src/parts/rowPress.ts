import type { MouseEvent } from 'react';

/** A press anywhere on a row opens it, but for its own links and buttons, and for words that are being marked. */
export function rowPress(open: () => void) {
  return (event: MouseEvent) => {
    const isOfItsOwn = (event.target as Element).closest('a, button, input, select, label');
    if (!isOfItsOwn && window.getSelection()?.isCollapsed !== false) open();
  };
}
