import { get, outcome, post } from '../wire';
import type { MoneyBackend } from './backend';

const [number, part] = [0, 1];
const accountOf = (account: string) => {
  const cut = account.split(':');
  return { account: cut[number]!, part: cut.slice(part).join(':') };
};

/** Money at the hub, below `/console/v1`. What is made anew is named by the key of the call that makes it. */
export const moneyBackend: MoneyBackend = {
  bills: (text, state, before) => post('bills/search', { text: text || null, state, before }),
  bill: (bill) => post('bills/one', { bill }),
  account: (patient) => post('bills/account', { patient }),
  voidBill: (key, bill, reason) => outcome(post('bills/void', { bill, reason }, key)),
  credit: (key, bill, amount, reason) => outcome(post('bills/credit', { credit: key, bill, amount, reason }, key)),
  supplement: (key, first, what, net) => outcome(post('bills/supplement', { bill: key, adds_to: first, what, net }, key)),
  pay: (key, bill, amount, till) => outcome(post('payments', { payment: key, for: { bill }, till, amount, how: { method: 'cash', drawer: till } }, key)),

  advance: (key, patient, amount, till) => outcome(post('payments', { payment: key, for: { patient }, till, amount, how: { method: 'cash', drawer: till } }, key)),
  spend: (key, payment, bill, amount) => outcome(post('payments/spend', { spending: key, payment, bill, amount }, key)),
  charges: (bill) => get('charges', { bill }),
  charge: (key, bill, amount, till, source) => outcome(post('charges', { payment: key, for: { bill }, till, amount, source }, key)),
  cancelCharge: (key, payment) => outcome(post('charges/cancel', { payment }, key)),

  refunds: (isAll, after) => get('refunds', { state: isAll ? 'all' : null, after }),
  askRefund: (key, of, amount, reason) => outcome(post('refunds', { refund: key, of, amount, reason }, key)),
  agree: (key, refund) => outcome(post('refunds/agree', { refund }, key)),
  handOut: (key, refund, drawer) => outcome(post('refunds/hand-out', drawer === null ? { refund } : { refund, drawer }, key)),

  books: () => get('books'),
  statement: (account, after) => get('books/account', { ...accountOf(account), after: String(after) }),
  exceptions: (isAll, one, after) => get('books/exceptions', { state: isAll ? 'all' : null, one, after }),
  settle: (exception, reason) => outcome(post('books/settle', { exception, reason })),
  reconcile: () => outcome(post('books/reconcile', {})),

  drawers: () => get('drawers'),
  count: (key, drawer, counted, left) => outcome(post('drawers/count', { count: key, drawer, counted, left_minor: left }, key)),
  days: (after) => get('days', { after }),
  day: (day) => get('days/one', { day }),
  closeDay: (key, day) => outcome(post('days/close', { day }, key)),
  settlements: () => get('settlements'),
  importSettlement: (key, provider, file) => outcome(post('settlements', { provider, file }, key)),

  claims: (state, after) => get('insurance/claims', { state, after }),
  claimsOf: (bill) => get('insurance/claims', { bill }),
  claim: (claim) => get('insurance/claims/one', { claim }),
  coverages: (patient) => post('insurance/coverages', { patient }),
  addCoverage: (key, coverage) => outcome(post('insurance/coverage', { ...coverage, id: key }, key)),
  endCoverage: (key, coverage, until) => outcome(post('insurance/coverage/end', { coverage, until }, key)),
  settleExcess: (key, claim, whose, reason) => outcome(post('insurance/claim/excess', { claim, whose, reason }, key)),
  makeClaim: (key, bill, coverage) => outcome(post('insurance/claim', { claim: key, bill, coverage }, key)),
  act: (key, claim, act) => outcome(post('insurance/claim/act', { claim, act }, key)),
  answer: (key, claim, response) => outcome(post('insurance/answer', { claim, response }, key)),
  insurerPaid: (key, claim, amount, direction) => outcome(post('insurance/paid', { claim, payment: key, amount, direction }, key)),
};
