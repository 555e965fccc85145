import { useLayoutEffect, useRef } from 'react';

/** Keys of the whole window. Letters act only outside fields, and only when a person wants them to. */
export type KeyActions = Record<string, () => void>;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));
}

/** Listens for `/`, `n`, `g t` and the like; `mod+z` for those with Control or Command. */
export function useKeys(actions: KeyActions, hasLetters: boolean): void {
  const latest = useRef({ actions, hasLetters });
  // with the screen itself, not some time after it: a key must never act on the patient of the screen before
  useLayoutEffect(() => {
    latest.current = { actions, hasLetters };
  });
  useLayoutEffect(() => {
    let first = { key: '', at: 0 };
    function press(event: KeyboardEvent) {
      if (event.defaultPrevented || event.altKey || document.querySelector('[aria-modal="true"]')) return;
      const isMod = event.ctrlKey || event.metaKey;
      if (!isMod && (isTyping(event.target) || !latest.current.hasLetters)) return;
      // undoing typing stays the field's own
      if (isMod && event.key.toLowerCase() === 'z' && isTyping(event.target)) return;
      // by the clock of the presses: a busy window hears of both late
      const before = event.timeStamp - first.at < 1200 ? first.key : '';
      const key = isMod ? `mod+${event.key.toLowerCase()}` : [before, event.key].filter(Boolean).join(' ');
      const isFirst = !isMod && !before && Object.keys(latest.current.actions).some((name) => name.startsWith(`${event.key} `));
      first = { key: isFirst ? event.key : '', at: event.timeStamp };
      const act = latest.current.actions[key];
      if (!act) return;
      event.preventDefault();
      act();
    }
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}
