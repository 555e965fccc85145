import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Outcome } from '../../backend';
import type { Problem } from '../../backend/types.gen';
import { useWords } from '../../parts/words';
import { useConsole } from '../context';

export function usePlaces() {
  const { admin } = useConsole();
  return useQuery({ queryKey: ['places'], queryFn: () => admin.places() });
}

export function usePrices() {
  const { admin } = useConsole();
  return useQuery({ queryKey: ['prices'], queryFn: () => admin.prices() });
}

export function useSettings() {
  const { admin } = useConsole();
  return useQuery({ queryKey: ['settings'], queryFn: () => admin.settings() });
}

const text = (value: unknown) => JSON.stringify(value);

/**
 * What somebody types about something that others may change meanwhile: the form keeps what it was opened on, so that
 * nobody's word is overwritten unseen, and whatever was typed stays until it was taken.
 */
export function useDraft<T>(now: T) {
  const [base, setBase] = useState(now);
  const [draft, setDraft] = useState(now);
  const [problems, setProblems] = useState<Problem[]>([]);
  const [isBusy, setIsBusy] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const isDirty = text(draft) !== text(base);
  const hasMoved = text(now) !== text(base);
  // what was taken stays on the screen until it is read again; otherwise an untouched form shows what is
  const last = useRef(text(now));
  const isTaken = useRef(false);
  useEffect(() => {
    if (last.current !== text(now)) isTaken.current = false;
    last.current = text(now);
    if (isDirty || isBusy || !hasMoved || isTaken.current) return;
    setBase(now);
    setDraft(now);
  }, [now, isDirty, isBusy, hasMoved]);
  // what was found stands above the fields: whoever saved below them is brought there
  useEffect(() => {
    if (problems.length > 0) box.current?.focus();
  }, [problems]);

  async function run<R>(call: (base: T, draft: T) => Promise<Outcome<R>>): Promise<R | null> {
    setIsBusy(true);
    const answer = await call(base, draft);
    setIsBusy(false);
    setProblems(answer.ok ? [] : answer.problems);
    if (!answer.ok) return null;
    isTaken.current = true;
    setBase(draft);
    return answer.value ?? ({} as R);
  }

  return {
    base, draft, problems, isBusy, isDirty, hasMoved, box, run, setProblems,
    set: (change: Partial<T>) => setDraft({ ...draft, ...change }),
    /** Shows what is now; what was typed goes. */
    reopen: () => {
      setBase(now);
      setDraft(now);
      setProblems([]);
    },
    /** Keeps what was typed and puts it on top of what is now, which is on the screen. */
    goOn: () => {
      setBase(now);
      setProblems([]);
    },
  };
}

/** The sentences of what is wrong with one field. */
export function useSentence(problems: readonly Problem[]) {
  const t = useWords();
  return (field: string): string | undefined => {
    const own = problems.filter((problem) => problem.field === field).map((problem) => t.problem(problem));
    return own.length > 0 ? own.join(' ') : undefined;
  };
}
