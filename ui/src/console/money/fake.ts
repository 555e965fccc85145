import type { Outcome } from '../../backend';
import type { BillLine, BillWhole, ChargeLine, ChargePage, ClaimLine, ClaimPage, ClaimWhole, CoverageLine, DayWhole, DrawerLine, Excess, ExceptionLine, LeftLine, Problem, RefundLine } from '../../backend/types.gen';
import type { Entry, MoneyBackend } from './backend';

const ok = <T>(value: T): Outcome<T> => ({ ok: true, value });
const no = (code: string, field = '', filled: Problem['with'] = {}): Outcome<never> => ({ ok: false, problems: [{ code, field, with: filled }] });
const id = (n: number) => `01970000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const at_ms = Date.UTC(2027, 2, 1, 9);
const page = <T>(lines: T[]) => ({ lines, next: null });

/** Money of the made-up hospital: three bills, a refund that waits, two things to settle, a claim and a drawer. */
export class FakeMoney implements MoneyBackend {
  /** Every key that was used, so that a test sees when a call is made again. */
  readonly keys: string[] = [];
  isSilent = false;
  bills_: BillLine[] = [bill(1, 'open', 10_500), bill(2, 'partially_paid', 6_500), bill(3, 'paid', 0)];
  refunds_: RefundLine[] = [refund(1, 'requires_action'), refund(2, 'pending')];
  exceptions_: ExceptionLine[] = [exception(1, 'DRAWER_COUNT', 50_000, 49_900), exception(2, 'PAID_TWICE', 0, 4_000)];
  coverages_: CoverageLine[] = [{ id: id(90), patient: '', payor: 'Mutual', subscriber: 'M-1', place: 1, from: '2026-01-01', until: null }];
  left_: LeftLine[] = [];
  excess: Excess | null = null;
  whose: string | null = null;
  gateway: string | null = 'house';
  charges_: [string, ChargeLine][] = [];
  drawers_: DrawerLine[] = [{ drawer: 'front', currency: 'INR', has_moved: true, counted: null }];

  constructor(private readonly staff: string) {}

  async bills(text: string, state: string | null) {
    return page(this.bills_.filter((line) => (!text || String(line.number) === text) && (!state || line.state === state)));
  }

  async bill(asked: string): Promise<BillWhole> {
    const line = this.bills_.find((one) => one.id === asked) ?? this.bills_[0]!;
    const paid = line.gross - line.balance;
    return {
      line, name: 'García López, María', mrn: 'MC-000123', rate_basis_points: 500, applied: paid, benefit: 0, contractual: 0, forgiven: 0, returned: 0, void_reason: null,
      first: this.bills_.find((one) => one.id === line.adds_to)?.number ?? null, supplements: this.bills_.filter((one) => one.adds_to === line.id),
      payments: paid > 0 ? [{ id: id(50), receipt: '26A1-000-000001', method: 'cash', minor: paid, refunded: 0, by: this.staff, at_ms }] : [],
      journals: [{ id: 1, why: 'issued', minor: line.gross, by: null, occurred_ms: at_ms, recorded_ms: at_ms }],
    };
  }

  async account() {
    const credit = this.left_.reduce((sum, { minor }) => sum + minor, 0);
    return { name: 'García López, María', mrn: 'MC-000123', currency: 'INR', owed: [{ currency: 'INR', receivable: 17_000, credit, payable: 0 }], left: this.left_.filter(({ minor }) => minor > 0), bills: this.bills_ };
  }

  async advance(key: string, _patient: string, amount: { amount_minor: number }): Promise<Outcome<{ receipt: string }>> {
    const receipt = '26A1-000-000003';
    return this.once(key, null, () => { this.left_ = [{ payment: key, receipt, currency: 'INR', minor: amount.amount_minor, at_ms }, ...this.left_]; }, { receipt });
  }

  async spend(key: string, payment: string, asked: string, amount: { amount_minor: number }) {
    const left = this.left_.find((one) => one.payment === payment)!.minor;
    if (amount.amount_minor > left) return no('credit.exceeds_left', 'amount_minor', { max: String(left) });
    return this.once(key, null, () => {
      this.left_ = this.left_.map((one) => (one.payment === payment ? { ...one, minor: one.minor - amount.amount_minor } : one));
      this.bills_ = this.bills_.map((line) => (line.id === asked ? { ...line, balance: line.balance - amount.amount_minor, state: line.balance === amount.amount_minor ? 'paid' as const : 'partially_paid' as const } : line));
    });
  }

  async voidBill(key: string, asked: string, reason: string) {
    return this.once(key, reason.trim() ? null : no('required', 'reason'), () => { this.bills_ = this.bills_.map((line) => (line.id === asked ? { ...line, state: 'void' as const, balance: 0 } : line)); });
  }

  async credit(key: string) { return this.once(key); }

  async supplement(key: string, first: string, what: string, net: { amount_minor: number }): Promise<Outcome<{ id: string }>> {
    if (!what.trim()) return no('required', 'what');
    const made: BillLine = { ...bill(this.bills_.length + 1, 'open', Math.round(net.amount_minor * 1.05)), kind: 'supplement', net: net.amount_minor, adds_to: first, what };
    return this.once(key, null, () => { this.bills_ = [...this.bills_, made]; }, { id: made.id });
  }

  async pay(key: string, asked: string, amount: { amount_minor: number }): Promise<Outcome<{ receipt: string }>> {
    const found = this.bills_.find((line) => line.id === asked);
    if (found && amount.amount_minor > found.balance) return no('payment.exceeds_balance', 'amount_minor', { max: String(found.balance) });
    return this.once(key, null, () => { this.bills_ = this.bills_.map((line) => (line.id === asked ? { ...line, balance: line.balance - amount.amount_minor, state: 'paid' as const } : line)); }, { receipt: '26A1-000-000002' });
  }

  async charges(asked: string): Promise<ChargePage> { return { gateway: this.gateway, lines: this.charges_.filter(([of]) => of === asked).map(([, line]) => line) }; }

  async charge(key: string, asked: string, amount: { amount_minor: number }, _till: string, source: string | null): Promise<Outcome<{ state?: string }>> {
    if (this.isSilent || this.gateway !== 'house') return this.once(key, null, () => { this.charges_.unshift([asked, charge(key, amount.amount_minor, 'waiting', source)]); }, { state: 'pending' });
    this.charges_.unshift([asked, charge(key, amount.amount_minor, 'taken', source)]);
    const paid = await this.pay(key, asked, amount);
    return paid.ok ? ok({}) : paid;
  }

  async cancelCharge(key: string, payment: string) {
    return this.once(key, null, () => { this.charges_ = this.charges_.map(([of, line]) => [of, line.payment === payment ? { ...line, state: 'cancelled' as const, code: 'payment.cancelled', payer: null, may_cancel: false } : line]); });
  }

  async refunds(isAll: boolean) { return page(this.refunds_.filter((line) => isAll || ['pending', 'requires_action'].includes(line.state))); }
  async askRefund(key: string) { return this.once(key, null, undefined, { state: 'pending' }); }

  async agree(key: string, asked: string) {
    return this.once(key, null, () => { this.refunds_ = this.refunds_.map((line) => (line.id === asked ? { ...line, state: 'pending', agreed_by: this.staff } : line)); });
  }

  async handOut(key: string, asked: string) {
    return this.once(key, null, () => { this.refunds_ = this.refunds_.map((line) => (line.id === asked ? { ...line, state: 'succeeded', handed_by: this.staff } : line)); });
  }

  async books() { return accounts; }
  async statement(): Promise<Entry[]> { return [{ journal: 1, why: 'taken', cause: 'payment', bill: id(1), currency: 'INR', debit_minor: 10_500, credit_minor: 0, occurred_ms: at_ms, recorded_ms: at_ms }]; }

  async exceptions(isAll: boolean, one: string | null) {
    return { ...page(this.exceptions_.filter((line) => (one ? String(line.id) === one : isAll || !line.settled))), open: this.exceptions_.filter((line) => !line.settled).length, reconciled: { at_ms, found: 2, new: 1 } };
  }

  async settle(asked: number, reason: string): Promise<Outcome<null>> {
    if (!reason.trim()) return no('required', 'reason');
    this.exceptions_ = this.exceptions_.map((line) => (line.id === asked ? { ...line, settled: { by: this.staff, at_ms, reason } } : line));
    return ok(null);
  }

  async reconcile() { return ok({ at_ms, found: 2, new: 0 }); }
  async drawers() { return this.drawers_; }

  async count(key: string, drawer: string, counted: { amount_minor: number }, left: number) {
    const line = { expected: 50_000, counted: counted.amount_minor, kept: left, by: this.staff, at_ms };
    return this.once(key, null, () => { this.drawers_ = this.drawers_.map((one) => (one.drawer === drawer ? { ...one, has_moved: false, counted: line } : one)); }, line);
  }

  async days() { return page([{ day: '2027-03-01', closed: null, late: 1 }, { day: '2027-02-28', closed: { by: this.staff, at_ms }, late: 0 }]); }

  async day(): Promise<DayWhole> {
    return { line: { day: '2027-03-01', closed: null, late: 1 }, since: '2027-02-28', accounts, late: [{ journal: 1, why: 'taken', bill: id(1), currency: 'INR', minor: 4_000, occurred_ms: at_ms - 86_400_000, recorded_ms: at_ms }] };
  }

  async closeDay(key: string, day: string) { return this.once(key, null, undefined, { day, closed: { by: this.staff, at_ms }, late: 0 }); }
  async settlements() { return [{ id: 1, provider: 'stripe', lines: 12, new: 10, by: this.staff, at_ms }]; }
  async importSettlement(key: string, provider: string) { return this.once(key, null, undefined, { id: 2, provider, lines: 1, new: 1, by: this.staff, at_ms }); }

  async claims(): Promise<ClaimPage> { return { ...page([claim]), ages: [{ age: 'up_to60', currency: 'INR', count: 1, outstanding: 10_500 }] }; }
  async claimsOf(): Promise<ClaimPage> { return { ...page([]), ages: [] }; }
  async claim(): Promise<ClaimWhole> { return { line: claim, subscriber: 'M-1', served: '2027-01-15', excess: this.excess, steps: [{ state: 'draft', minor: null, by: this.staff, at_ms }], fhir: { resourceType: 'Claim' } }; }
  async coverages(patient: string) { return this.coverages_.map((line) => ({ ...line, patient })); }

  async endCoverage(key: string, coverage: string, until: string) {
    const from = this.coverages_.find((line) => line.id === coverage)?.from ?? '';
    return this.once(key, until < from ? no('coverage.days', 'until') : null, () => { this.coverages_ = this.coverages_.map((line) => (line.id === coverage ? { ...line, until } : line)); });
  }

  async settleExcess(key: string, _claim: string, whose: string, reason: string) {
    return this.once(key, reason.trim() ? null : no('required', 'reason'), () => { this.excess = null; this.whose = whose; });
  }

  async addCoverage(key: string) { return this.once(key); }
  async makeClaim(key: string) { return this.once(key, null, undefined, { claim: claim.id }); }
  async act(key: string) { return this.once(key, null, undefined, { claim: claim.id, state: 'submitted' }); }
  async answer(key: string) { return this.once(key, null, undefined, { state: 'partial' }); }
  async insurerPaid(key: string) { return this.once(key, null, undefined, { state: 'paid' }); }

  /** Does something once, unless the server does not answer. */
  private once<T>(key: string, refusal: Outcome<never> | null = null, change: () => void = () => undefined, value: T = {} as T): Outcome<T> {
    this.keys.push(key);
    if (this.isSilent) return no('console.unreachable');
    if (refusal) return refusal;
    change();
    return ok(value);
  }
}

function bill(number: number, state: BillLine['state'], balance: number): BillLine {
  return { id: id(number), number, patient: id(100), kind: 'consultation', state, currency: 'INR', net: 10_000, tax: 500, gross: 10_500, balance, issued_ms: at_ms, adds_to: null, what: null };
}

function charge(payment: string, minor: number, state: ChargeLine['state'], source: string | null): ChargeLine {
  const isOpen = state === 'waiting';
  return { payment, currency: 'INR', minor, state, code: null, may_cancel: isOpen, provider: isOpen ? 'stripe' : 'house', payer: isOpen ? 'pi_1_secret_2' : null, source, receipt: isOpen ? null : '26A1-000-000002', by: id(200), at_ms };
}

function refund(n: number, state: string): RefundLine {
  return { id: id(20 + n), bill: id(3), bill_number: 3, currency: 'INR', minor: n === 1 ? 1_200_000 : 3_500, state, reason: 'Charged twice', asked_by: id(200), agreed_by: null, handed_by: null, at_ms };
}

function exception(n: number, kind: string, expected: number, found: number): ExceptionLine {
  return { id: n, kind, subject: id(40 + n), bill: n === 2 ? id(2) : null, appointment: null, currency: 'INR', expected, found, prepared: null, at_ms, seen_ms: at_ms, settled: null };
}

const accounts = [
  { account: 1000, part: 'front', currency: 'INR', debit_minor: 10_500, credit_minor: 0 },
  { account: 1100, part: '', currency: 'INR', debit_minor: 10_500, credit_minor: 10_500 },
  { account: 2100, part: '', currency: 'INR', debit_minor: 0, credit_minor: 500 },
  { account: 4000, part: '', currency: 'INR', debit_minor: 0, credit_minor: 10_000 },
];

const claim: ClaimLine = {
  id: id(80), number: 1, version: 1, bill: id(1), bill_number: 1, payor: 'Mutual', state: 'submitted', currency: 'INR', submitted: 10_500, benefit: 0, contractual: 0, paid: 0, outstanding: 10_500,
  submitted_ms: at_ms, age: 'up_to60',
};
