import { mayDo } from '../parts/access';
import { patientId } from './fake-people';
import type { MoneyBackend, Outcome as Answer } from './index';
import type { Account, BillHere, DeskBill, Outcome, Problem, ReceiptLine, Staff, TakeAsk, Unposted } from './types.gen';

interface Moment { staff: Staff | null; now: number; isOnline: boolean }

const series = '26A1-K7Q';
const drawer = 'desk-7';
const inr = (minor: number) => ({ amount_minor: minor, currency: 'INR' });
const shift = 12 * 3_600_000;

/** Bills, and receipts that this desk numbers by itself; the hospital posts them when there is a network. */
export class FakePayments implements MoneyBackend {
  private bills: DeskBill[] = [bill(1, 0, 10_000), bill(2, 0, 5_000), bill(3, 1, 12_345)];
  private lines: ReceiptLine[] = [];
  private ids = new Map<string, string>();
  private heardMs: number | null = null;

  constructor(private readonly moment: () => Moment, private readonly tell: (unposted: Unposted | null) => void) {}

  async account(patient: string): Promise<Account> {
    const { isOnline, now } = this.moment();
    if (isOnline) this.heardMs = now;
    const bills = this.bills.filter((one) => one.patient === patient).map((one) => this.here(one)).reverse();
    return { bills, receipts: this.lines.filter((one) => one.patient === patient).reverse(), asOf: this.heardMs === null ? null : new Date(this.heardMs).toISOString(), canNumber: true, drawer };
  }

  async unposted(): Promise<ReceiptLine[]> {
    return this.lines.filter((one) => one.outcome === null);
  }

  async take(ask: TakeAsk): Promise<Answer<ReceiptLine>> {
    const before = this.lines.find((one) => one.number === this.ids.get(ask.id));
    if (before) return { ok: true, value: before };
    const known = this.bills.find((one) => one.id === ask.bill);
    const problems = known ? this.wrong(this.here(known), ask) : [problem('bill.unknown', 'bill')];
    if (!known || problems.length > 0) return { ok: false, problems };
    return { ok: true, value: this.keep(ask.id, {
      ...blank, bill: ask.bill, patient: known.patient, amount: inr(ask.minor), how: ask.how, reference: ask.reference?.trim() ?? null,
      tenderedMinor: ask.tenderedMinor, changeMinor: ask.tenderedMinor === null ? null : ask.tenderedMinor - ask.minor,
    }) };
  }

  async voidReceipt(id: string, number: string, reason: string): Promise<Answer<ReceiptLine>> {
    const line = this.lines.find((one) => one.number === number);
    if (!line) return { ok: false, problems: [problem('receipt.unknown', 'number')] };
    if (line.voidedBy) return { ok: false, problems: [problem('receipt.void', 'number')] };
    if (this.moment().now - line.atMs > shift) return { ok: false, problems: [problem('receipt.too_late', 'number')] };
    if (!reason.trim()) return { ok: false, problems: [problem('required', 'reason')] };
    const done = this.keep(id, { ...blank, bill: line.bill, patient: line.patient, voids: number, reason: reason.trim() });
    this.lines = this.lines.map((one) => (one.number === number ? { ...one, voidedBy: done.number } : one));
    return { ok: true, value: done };
  }

  async printReceipt(number: string): Promise<Answer<string[]>> {
    this.lines = this.lines.map((one) => (one.number === number ? { ...one, isPrinted: true } : one));
    return { ok: true, value: [sheet] };
  }

  async printBill(): Promise<Answer<string[]>> {
    return { ok: true, value: [sheet] };
  }

  /** The network came or went: what waits is posted. */
  post(): void {
    if (!this.moment().isOnline) return;
    this.heardMs = this.moment().now;
    this.lines.filter((one) => one.outcome === null).forEach((one) => this.settle(one));
    this.tell(this.standing());
  }

  private settle(line: ReceiptLine): void {
    const known = this.bills.find((one) => one.id === line.bill)!;
    const applied = Math.min(line.amount?.amount_minor ?? 0, known.balance.amount_minor);
    const outcome: Outcome = line.voids ? { outcome: 'voided' }
      : known.state === 'paid' ? { outcome: 'excepted', exception: 'DUPLICATE_COLLECTION' }
        : { outcome: 'posted', applied, kept: (line.amount?.amount_minor ?? 0) - applied };
    this.lines = this.lines.map((one) => (one.number === line.number ? { ...one, outcome } : one));
    const voided = this.lines.find((one) => one.number === line.voids)?.amount?.amount_minor ?? 0;
    const balance = known.balance.amount_minor - applied + voided;
    this.bills = this.bills.map((one) => (one.id === known.id ? { ...one, balance: inr(balance), state: balance === 0 ? 'paid' : balance === one.gross.amount_minor ? 'open' : 'partially_paid' } : one));
  }

  /** Another desk is paid: this one hears of it with the bills. */
  paidElsewhere(n: number): void {
    this.bills = this.bills.map((one) => (one.number === n ? { ...one, balance: inr(0), state: 'paid' } : one));
  }

  private keep(id: string, line: ReceiptLine): ReceiptLine {
    const { staff, now, isOnline } = this.moment();
    const kept = { ...line, number: `${series}-${String(this.lines.length + 1).padStart(6, '0')}`, by: staff?.id ?? '', atMs: now };
    this.lines = [...this.lines, kept];
    this.ids.set(id, kept.number);
    this.tell(this.standing());
    if (isOnline) setTimeout(() => this.post(), 30);
    return kept;
  }

  private standing(): Unposted | null {
    const open = this.lines.filter((one) => one.outcome === null);
    return open[0] ? { count: open.length, oldestAt: new Date(open[0].atMs).toISOString() } : null;
  }

  private here(known: DeskBill): BillHere {
    const taken = this.lines.filter((one) => one.bill === known.id && one.outcome === null && one.voidedBy === null);
    const hereMinor = taken.reduce((sum, one) => sum + (one.amount?.amount_minor ?? 0), 0);
    return { bill: known, hereMinor, owed: inr(Math.max(0, known.balance.amount_minor - hereMinor)) };
  }

  private wrong({ owed }: BillHere, ask: TakeAsk): Problem[] {
    const { staff } = this.moment();
    if (!staff || !mayDo(staff.roles, 'cashier')) return [problem('not_allowed', 'cashier')];
    const found: Problem[] = [];
    if (ask.minor < 1) found.push(problem('money.out_of_range', 'amount_minor', { max: '1000000000000' }));
    if (owed.amount_minor < 1) found.push(problem('bill.already_paid', 'bill'));
    else if (ask.minor > owed.amount_minor) found.push(problem('payment.above_owed', 'minor', { max: `${owed.amount_minor / 100} INR` }));
    if (ask.how !== 'cash' && !ask.reference?.trim()) found.push(problem('required', 'reference'));
    if (ask.tenderedMinor !== null && ask.tenderedMinor < ask.minor) found.push(problem('payment.tender', 'tendered_minor', { amount: `${ask.minor / 100} INR` }));
    return found;
  }
}

const sheet = '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"/>';

const blank: ReceiptLine = {
  number: '', bill: '', patient: '', by: '', atMs: 0, amount: null, how: null, reference: null, tenderedMinor: null, changeMinor: null,
  voids: null, reason: null, voidedBy: null, isPrinted: false, outcome: null,
};

function problem(code: string, field: string, blanks: Record<string, string> = {}): Problem {
  return { code, field, with: blanks };
}

function bill(number: number, patient: number, net: number): DeskBill {
  const tax = Math.round(net / 20);
  const id = `01940000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  const issuedMs = Date.parse('2026-11-20T10:00:00Z');
  return { id, number, patient: patientId(patient), kind: number === 2 ? 'supplement' : 'consultation', state: 'open', net: inr(net), tax: inr(tax), gross: inr(net + tax), balance: inr(net + tax), issuedMs, addsTo: number === 2 ? 1 : null, what: number === 2 ? 'Dressing' : null };
}
