import { useEffect, useRef, useState } from 'react';

const minute = 60_000;

/**
 * Locks the desk when nobody touches it. Warns a minute before, or halfway to a shorter lock; any key, click or movement puts it off, and the desk is told
 * so once a minute.
 */
export function useIdleLock(onLock: () => void, onTouch: () => void, minutes: number): { isWarning: boolean } {
  const [isWarning, setIsWarning] = useState(false);
  const lock = useRef(onLock);
  const tell = useRef(onTouch);
  useEffect(() => {
    lock.current = onLock;
    tell.current = onTouch;
  });
  useEffect(() => {
    let touched = Date.now();
    let told = touched;
    const touch = () => {
      touched = Date.now();
      setIsWarning(false);
      if (touched - told < minute) return;
      told = touched;
      tell.current();
    };
    const warn = minutes * minute - Math.min(minute, (minutes * minute) / 2);
    const timer = setInterval(() => {
      const idle = Date.now() - touched;
      if (idle >= minutes * minute) lock.current();
      else if (idle >= warn) setIsWarning(true);
    }, 1000);
    const kinds = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'];
    kinds.forEach((kind) => window.addEventListener(kind, touch, { passive: true }));
    return () => {
      clearInterval(timer);
      kinds.forEach((kind) => window.removeEventListener(kind, touch));
    };
  }, [minutes]);
  return { isWarning };
}
