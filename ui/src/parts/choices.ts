import { useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';

interface Choosing<T> {
  /** What stands in the box. */
  text: string;
  items: readonly T[];
  /** Whether the items are those of the text. As long as they are an older text's, they are only there to be looked at. */
  isCurrent: boolean;
  choose: (item: T) => void;
}

/**
 * The keyboard of a box with a list below. The first item is marked; arrows mark another. An Enter pressed before the
 * items of the text are there waits for them, and is forgotten when anything else is pressed.
 */
export function useChoices<T extends { id: string }>({ text, items, isCurrent, choose }: Choosing<T>) {
  const [mark, setMark] = useState({ text, id: '' });
  // by id: when news moves the items, the one that is marked is still the one that is meant
  const asked = mark.text === text ? mark.id : '';
  const place = isCurrent ? items.findIndex((item) => item.id === (asked || items[0]?.id)) : -1;
  const marked = items[place] ?? null;
  const waiting = useRef<string | null>(null);
  // an arrow was pressed on a list that is about to go: nobody can know which item an Enter means
  const hasAimed = useRef(false);
  useLayoutEffect(() => {
    const isAwaited = waiting.current === text;
    if (isCurrent || !isAwaited) waiting.current = null;
    if (!isCurrent) return;
    hasAimed.current = false;
    if (isAwaited && marked) choose(marked);
  });

  /** Says whether the key was one of the list's. */
  function press(event: KeyboardEvent): boolean {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const isEnter = event.key === 'Enter';
    if (event.nativeEvent.isComposing || ['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return false;
    if (isCurrent) {
      const next = step && items[(place + step + items.length) % items.length];
      if (next) setMark({ text, id: next.id });
      if (isEnter && marked) choose(marked);
    } else {
      waiting.current = isEnter && !hasAimed.current ? text : null;
      if (!isEnter) hasAimed.current = step !== undefined;
    }
    if (isEnter || step) event.preventDefault();
    return isEnter || step !== undefined;
  }

  return { marked, press, forget: () => { waiting.current = null; } };
}
