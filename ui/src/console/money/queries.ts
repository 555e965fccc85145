import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { BillState, ChargeState } from '../../backend/types.gen';
import { useConsole } from '../context';

const pages = { initialPageParam: null as string | null, getNextPageParam: (page: { next: string | null }) => page.next };

/** Every list of money begins with this word, so that all are read again when some moved. */
export const moneyKey = ['money'] as const;

/** Says whether a charge is not over. */
export function isUnderWay(state: ChargeState): boolean {
  return underWay.includes(state);
}

const underWay: readonly ChargeState[] = ['asked', 'waiting', 'unknown', 'cancelling'];

export function useBills(text: string, state: BillState | null) {
  const { money } = useConsole();
  return useInfiniteQuery({ queryKey: ['money', 'bills', text, state], queryFn: ({ pageParam }) => money.bills(text, state, pageParam), ...pages });
}

export function useBill(id: string) {
  const { money } = useConsole();
  // every look is itself noted, so it is read when it is opened and when money moved
  return useQuery({ queryKey: ['money', 'bill', id], queryFn: () => money.bill(id), gcTime: 0 });
}

/** How often is asked what became of a charge that is under way. */
const watchMs = 3_000;

export function useCharges(bill: string) {
  const { money } = useConsole();
  return useQuery({
    queryKey: ['money', 'charges', bill], queryFn: () => money.charges(bill),
    refetchInterval: ({ state }) => (state.data?.lines.some((line) => isUnderWay(line.state)) ? watchMs : false),
  });
}

export function useAccount(patient: string) {
  const { money } = useConsole();
  return useQuery({ queryKey: ['money', 'account', patient], queryFn: () => money.account(patient), gcTime: 0 });
}

export function useCoverages(patient: string) {
  const { money } = useConsole();
  return useQuery({ queryKey: ['money', 'coverages', patient], queryFn: () => money.coverages(patient) });
}

export function useRefunds(isAll: boolean) {
  const { money } = useConsole();
  return useInfiniteQuery({ queryKey: ['money', 'refunds', isAll], queryFn: ({ pageParam }) => money.refunds(isAll, pageParam), ...pages });
}

export function useBooks() {
  const { money } = useConsole();
  return useQuery({ queryKey: ['money', 'books'], queryFn: () => money.books() });
}

/** Lines of a page of a statement: a full one has another after it. */
const statementLines = 200;

export function useStatement(account: string) {
  const { money } = useConsole();
  return useInfiniteQuery({
    queryKey: ['money', 'statement', account], queryFn: ({ pageParam }) => money.statement(account, pageParam), initialPageParam: 0,
    getNextPageParam: (page) => (page.length === statementLines ? page.at(-1)!.journal : null),
  });
}

/** What needs a person: what is open, everything, or one alone. */
export function useExceptions(isAll: boolean, one: string | null = null) {
  const { money } = useConsole();
  return useInfiniteQuery({ queryKey: ['money', 'exceptions', isAll, one], queryFn: ({ pageParam }) => money.exceptions(isAll, one, pageParam), ...pages });
}

export function useDrawers() {
  const { money } = useConsole();
  return useQuery({ queryKey: ['money', 'drawers'], queryFn: () => money.drawers() });
}

export function useDays() {
  const { money } = useConsole();
  return useInfiniteQuery({ queryKey: ['money', 'days'], queryFn: ({ pageParam }) => money.days(pageParam), ...pages });
}

export function useDay(day: string) {
  const { money } = useConsole();
  return useQuery({ queryKey: ['money', 'day', day], queryFn: () => money.day(day === 'open' ? null : day) });
}

export function useSettlements() {
  const { money } = useConsole();
  return useQuery({ queryKey: ['money', 'settlements'], queryFn: () => money.settlements() });
}

export function useClaims(state: string | null) {
  const { money } = useConsole();
  return useInfiniteQuery({ queryKey: ['money', 'claims', state], queryFn: ({ pageParam }) => money.claims(state, pageParam), ...pages });
}

export function useClaimsOf(bill: string) {
  const { money } = useConsole();
  return useQuery({ queryKey: ['money', 'claimsOf', bill], queryFn: () => money.claimsOf(bill) });
}

export function useClaim(id: string) {
  const { money } = useConsole();
  return useQuery({ queryKey: ['money', 'claim', id], queryFn: () => money.claim(id) });
}
