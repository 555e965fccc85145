import { mayReadAudit } from '../parts/access';
import { newId } from '../parts/ids';
import type { AuditBackend, Outcome } from './index';
import type { BadEntry, ChainLook, LookProgress, Staff } from './types.gen';

interface Moment { staff: Staff | null; now: number; isOnline: boolean }

const all = 48_211;
/** Entries of the log that are looked at before a call is answered. */
const step = 20_000;

/** What was written down about who did what, and whether somebody changed it. */
export class FakeAudit implements AuditBackend {
  private run: LookProgress | null = null;
  private ownBad: BadEntry | null = null;
  private logBad: BadEntry[] = [];
  private readonly moment: () => Moment;

  constructor(moment: () => Moment) {
    this.moment = moment;
  }

  async auditChain(): Promise<ChainLook> {
    if (!mayReadAudit(this.moment().staff?.roles ?? [])) throw [{ code: 'not_allowed', field: 'audit', with: {} }];
    return { entries: 312, unsent: 4, bad: this.ownBad };
  }

  async auditLog(password: string, run: string | null): Promise<Outcome<LookProgress>> {
    const { staff, now, isOnline } = this.moment();
    if (!mayReadAudit(staff?.roles ?? [])) return refused('not_allowed', 'audit');
    if (!isOnline) return refused('hub.unreachable', '');
    if (password !== 'ward') return refused('sign_in.wrong', 'password');
    const before = this.run?.run === run ? this.run : null;
    const done = Math.min((before?.done ?? 0) + step, all);
    this.run = { run: before?.run ?? newId(now), done, all, found: null };
    if (done < all) return { ok: true, value: this.run };
    const head = { size: all - 12, root: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', at_ms: now - 1_800_000, signature: '00' };
    const [leaf = null, ...chains] = this.logBad;
    const found = { leaves: all, heads: 61, head, chains: 9, alarms: this.logBad.length, first_bad_leaf: leaf, bad_chains: chains };
    return { ok: true, value: { ...this.run, found } };
  }

  // --- what only tests do

  /** Somebody changes entries, here and at the hub. */
  tamper(): void {
    this.ownBad = { place: '1.208', why: 'chain.hash' };
    this.logBad = [
      { place: '31007', why: 'not what its hash says' },
      { place: '01960000-0000-7000-8000-000000000002 1.208', why: 'not what came' },
    ];
  }
}

function refused(code: string, field: string): { ok: false; problems: { code: string; field: string; with: Record<string, string> }[] } {
  return { ok: false, problems: [{ code, field, with: {} }] };
}
