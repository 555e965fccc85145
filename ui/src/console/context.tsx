import { Button } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { createContext, useContext, type ReactNode } from 'react';
import type { Outcome } from '../backend';
import { Notice } from '../parts/Notice';
import { toastProblem } from '../parts/toast';
import { useWords } from '../parts/words';
import { Refused, type ConsoleBackend } from './backend';

const ConsoleContext = createContext<ConsoleBackend | null>(null);

export function ConsoleProvider({ backend, children }: { backend: ConsoleBackend; children: ReactNode }) {
  return <ConsoleContext.Provider value={backend}>{children}</ConsoleContext.Provider>;
}

export function useConsole(): ConsoleBackend {
  const backend = useContext(ConsoleContext);
  if (!backend) throw new Error('a screen is outside ConsoleProvider');
  return backend;
}

/** What a list says until it is there, and when it cannot be read. What was read before stays, and says that it is old. */
export function Loaded<T>({ query, children }: { query: Pick<UseQueryResult<T>, 'data' | 'error' | 'refetch' | 'isFetching'>; children: (data: T) => ReactNode }) {
  const t = useWords();
  const { data, error } = query;
  const problems = error instanceof Refused ? error.problems : [{ code: 'fault', field: '', with: { detail: '' } }];
  return (
    <>
      {error && (
        <Notice kind="warn" role="alert" testId="not-read" title={data === undefined ? t('console.notRead') : t('console.old')}>
          <p>{problems.map((problem) => t.problem(problem)).join(' ')}</p>
          <Button mt={6} size="compact-sm" variant="default" loading={query.isFetching} onClick={() => void query.refetch()}>{t('console.again')}</Button>
        </Notice>
      )}
      {data === undefined && !error && <p className="page-note" role="status">{t('console.reading')}</p>}
      {data !== undefined && children(data)}
    </>
  );
}

/** Says what is wrong with something that was done, and whether it was done. */
export function useSay() {
  const t = useWords();
  return <T,>(answer: Outcome<T>): answer is { ok: true; value: T } => {
    if (!answer.ok) toastProblem(answer.problems.map((problem) => t.problem(problem)).join(' '));
    return answer.ok;
  };
}

export function MoreButton({ query }: { query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown } }) {
  const t = useWords();
  if (!query.hasNextPage) return null;
  return <div className="more"><Button variant="default" data-testid="more" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t('console.more')}</Button></div>;
}
