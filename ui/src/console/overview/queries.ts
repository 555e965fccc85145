import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useConsole } from '../context';
import type { OverviewAsk, TakingAsk, VisitAsk } from './backend';

const pages = { initialPageParam: null as string | null, getNextPageParam: (page: { next: string | null }) => page.next, gcTime: 0 };

export function useOverview(ask: OverviewAsk) {
  const { overview } = useConsole();
  // it counts much, so it is asked for when somebody opens it or asks again
  return useQuery({ queryKey: ['overview', ask], queryFn: () => overview.figures(ask), gcTime: 0 });
}

export function useVisits(ask: VisitAsk) {
  const { overview } = useConsole();
  return useInfiniteQuery({ queryKey: ['overviewVisits', ask], queryFn: ({ pageParam }) => overview.visits(ask, pageParam), ...pages });
}

export function useTakings(ask: TakingAsk) {
  const { overview } = useConsole();
  return useInfiniteQuery({ queryKey: ['overviewTakings', ask], queryFn: ({ pageParam }) => overview.takings(ask, pageParam), ...pages });
}
