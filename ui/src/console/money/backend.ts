import type { Outcome } from '../../backend';
import type {
  AccountLine, BillPage, BillState, BillWhole, ChargePage, ClaimAct, ClaimPage, ClaimWhole, CountLine, CoverageLine, DayLine, DayPage, DayWhole, Direction, DrawerLine, ExceptionPage,
  PatientAccount, Reconciled, RefundPage, SettlementLine, Whose,
} from '../../backend/types.gen';

export interface Money { amount_minor: number; currency: string }

/** One line of an account. */
export interface Entry {
  journal: number; why: string; cause: string; bill: string | null; currency: string; debit_minor: number; credit_minor: number; occurred_ms: number; recorded_ms: number;
}

/** What the hospital's server can do about money. Whatever moves some has a key: the same again is done once. */
export interface MoneyBackend {
  bills(text: string, state: BillState | null, before: string | null): Promise<BillPage>;
  bill(bill: string): Promise<BillWhole>;
  account(patient: string): Promise<PatientAccount>;
  voidBill(key: string, bill: string, reason: string): Promise<Outcome<unknown>>;
  credit(key: string, bill: string, amount: Money, reason: string): Promise<Outcome<unknown>>;
  supplement(key: string, first: string, what: string, net: Money): Promise<Outcome<{ id: string }>>;
  pay(key: string, bill: string, amount: Money, till: string): Promise<Outcome<{ receipt: string }>>;

  advance(key: string, patient: string, amount: Money, till: string): Promise<Outcome<{ receipt: string }>>;
  spend(key: string, payment: string, bill: string, amount: Money): Promise<Outcome<unknown>>;
  charges(bill: string): Promise<ChargePage>;
  charge(key: string, bill: string, amount: Money, till: string, source: string | null): Promise<Outcome<{ state?: string }>>;
  cancelCharge(key: string, payment: string): Promise<Outcome<unknown>>;

  refunds(isAll: boolean, after: string | null): Promise<RefundPage>;
  askRefund(key: string, of: { bill: string } | { payment: string }, amount: Money, reason: string): Promise<Outcome<{ state: string }>>;
  agree(key: string, refund: string): Promise<Outcome<unknown>>;
  handOut(key: string, refund: string, drawer: string | null): Promise<Outcome<unknown>>;

  books(): Promise<AccountLine[]>;
  statement(account: string, after: number): Promise<Entry[]>;
  exceptions(isAll: boolean, one: string | null, after: string | null): Promise<ExceptionPage>;
  settle(exception: number, reason: string): Promise<Outcome<null>>;
  reconcile(): Promise<Outcome<Reconciled>>;

  drawers(): Promise<DrawerLine[]>;
  count(key: string, drawer: string, counted: Money, left: number): Promise<Outcome<CountLine>>;
  days(after: string | null): Promise<DayPage>;
  day(day: string | null): Promise<DayWhole>;
  closeDay(key: string, day: string): Promise<Outcome<DayLine>>;
  settlements(): Promise<SettlementLine[]>;
  importSettlement(key: string, provider: string, file: string): Promise<Outcome<SettlementLine>>;

  claims(state: string | null, after: string | null): Promise<ClaimPage>;
  claimsOf(bill: string): Promise<ClaimPage>;
  claim(claim: string): Promise<ClaimWhole>;
  coverages(patient: string): Promise<CoverageLine[]>;
  addCoverage(key: string, coverage: CoverageLine): Promise<Outcome<unknown>>;
  endCoverage(key: string, coverage: string, until: string): Promise<Outcome<unknown>>;
  settleExcess(key: string, claim: string, whose: Whose, reason: string): Promise<Outcome<unknown>>;
  makeClaim(key: string, bill: string, coverage: string): Promise<Outcome<{ claim: string }>>;
  act(key: string, claim: string, act: ClaimAct): Promise<Outcome<{ claim: string; state: string }>>;
  answer(key: string, claim: string, response: string): Promise<Outcome<{ state: string }>>;
  insurerPaid(key: string, claim: string, amount: Money, direction: Direction): Promise<Outcome<{ state: string }>>;
}
