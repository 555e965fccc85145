import { useEffect, useRef } from 'react';

/** Keys of the whole window. Letters act only outside fields, and only when a person wants them to. */
export type KeyActions = Record<string, () => void>;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));
}

/** Listens for `/`, `n`, `g t` and the like; `mod+z` for those with Control or Command. */
export function useKeys(actions: KeyActions, hasLetters: boolean): void {
  const latest = useRef({ actions, hasLetters });
  useEffect(() => {
    latest.current = { actions, hasLetters };
  });
  useEffect(() => {
    let first = '';
    let timer: ReturnType<typeof setTimeout> | undefined;
    function press(event: KeyboardEvent) {
      if (event.defaultPrevented || event.altKey || document.querySelector('[aria-modal="true"]')) return;
      const isMod = event.ctrlKey || event.metaKey;
      if (!isMod && (isTyping(event.target) || !latest.current.hasLetters)) return;
      // undoing typing stays the field's own
      if (isMod && event.key.toLowerCase() === 'z' && isTyping(event.target)) return;
      const key = isMod ? `mod+${event.key.toLowerCase()}` : [first, event.key].filter(Boolean).join(' ');
      const isFirst = !isMod && !first && Object.keys(latest.current.actions).some((name) => name.startsWith(`${event.key} `));
      clearTimeout(timer);
      first = isFirst ? event.key : '';
      if (isFirst) timer = setTimeout(() => { first = ''; }, 1200);
      const act = latest.current.actions[key];
      if (!act) return;
      event.preventDefault();
      act();
    }
    window.addEventListener('keydown', press);
    return () => {
      clearTimeout(timer);
      window.removeEventListener('keydown', press);
    };
  }, []);
}
