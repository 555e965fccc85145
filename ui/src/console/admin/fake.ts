import type { Outcome } from '../../backend';
import type {
  ConsoleNews, DepartmentChange, DepartmentLine, FactorOffer, InUse, OneTime, Places, PriceChange, PriceLine, PriceList, Problem, Reference, Reset, SettingsChange, SettingsNow, Staff, StaffChanged, StaffDraft, WardChange, WardLine,
} from '../../backend/types.gen';
import { Refused } from '../backend';
import type { AdminBackend } from './backend';

const ok = <T>(value: T): Outcome<T> => ({ ok: true, value });
const problem = (code: string, field = '', filled: Record<string, string> = {}): Problem => ({ code, field, with: filled });
const no = (...problems: Problem[]): Outcome<never> => ({ ok: false, problems });
const text = (value: unknown) => JSON.stringify(value);
const nothing: InUse = { patients: 0, desks: [], departments: [], doctors: [], visits: 0 };

/** What the made-up console has besides. */
export interface House {
  isDown: boolean;
  reference_: Reference;
  onceUntil: Record<string, string>;
  hasFactor: Record<string, boolean>;
  own(): Staff | null;
  tell(news: ConsoleNews): void;
  setUp(): void;
}

/** Administration of the made-up hospital, with the same rules in small. */
export class FakeAdmin implements AdminBackend {
  closedWards: Record<string, string> = {};
  closedDepartments: Record<string, string> = {};
  prices_: PriceLine[];
  chosen = { idleMinutes: 10, offlineHours: 72 };
  private made = 0;

  constructor(private readonly house: House) {
    const [wei, first] = [house.reference_.staff.find(({ username }) => username === 'wei')!.id, house.reference_.departments[0]!.id];
    const line = (id: number, department: string | null, minor: number, from: string | null, state: PriceLine['state']): PriceLine => ({ id, department, net: { amount_minor: minor, currency: 'GBP' }, from, by: wei, said: from, state });
    this.prices_ = [
      line(2, null, 6_000, '2027-01-01T00:00:00Z', 'in_force'), line(1, null, 5_500, null, 'past'),
      line(4, first, 9_000, '2090-01-01T00:00:00Z', 'planned'), line(3, first, 8_000, '2027-01-01T00:00:00Z', 'in_force'),
    ];
  }

  async addStaff(username: string, draft: StaffDraft): Promise<Outcome<OneTime>> {
    const wrong = [...(username.trim() === '' ? [problem('required', 'username')] : []), ...checked(draft)];
    if (wrong.length > 0) return no(...wrong);
    if (this.house.reference_.staff.some((one) => one.username === username)) return no(problem('staff.username_taken', 'username'));
    const id = `01970000-0000-7000-8000-${String(++this.made).padStart(12, '0')}`;
    this.put({ id, username, ...draft, isActive: true });
    return ok(this.once(id, username));
  }

  async changeStaff(staff: string, base: StaffDraft, draft: StaffDraft): Promise<Outcome<StaffChanged>> {
    const now = this.find(staff);
    if (!now) return no(problem('staff.unknown'));
    const before: StaffDraft = { name: now.name, roles: now.roles, departments: now.departments };
    if (text(tidy(before)) !== text(tidy(base))) return no(problem('staff.changed'));
    const wrong = checked(draft);
    if (this.house.own()?.id === staff && text(tidy(before).roles) !== text(tidy(draft).roles)) wrong.push(problem('staff.own_roles', 'roles'));
    if (wrong.length > 0) return no(...wrong);
    this.put({ ...now, ...draft });
    return ok({ visits: before.roles.includes('doctor') ? 2 : 0 });
  }

  async resetStaff(staff: string, what: Reset, base: string | null): Promise<Outcome<OneTime>> {
    const now = this.find(staff);
    if (!now) return no(problem('staff.unknown'));
    if ((this.house.onceUntil[staff] ?? null) !== base) return no(problem('staff.changed'));
    if (what === 'second_factor') this.house.hasFactor[staff] = false;
    return ok(this.once(staff, now.username));
  }

  async offerFactor(code: string | null): Promise<Outcome<FactorOffer>> {
    const own = this.house.own();
    if (own && this.house.hasFactor[own.id] !== false && code !== '123456') return no(problem('sign_in.code_wrong', 'code'));
    return ok({ address: 'otpauth://totp/Wardbook:wei?secret=ABCD', secret: 'ABCD-EFGH', squares: Array.from({ length: 21 }, (_, y) => Array.from({ length: 21 }, (_, x) => ((x * y + x) % 3 === 0 ? '#' : ' ')).join('')) });
  }

  async confirmFactor(code: string): Promise<Outcome<null>> {
    if (code !== '123456') return no(problem('factor.code_wrong', 'code'));
    this.house.setUp();
    return ok(null);
  }

  async changePassword(password: string, newPassword: string): Promise<Outcome<null>> {
    const wrong = [...(newPassword.length < 15 ? [problem('password.short', 'newPassword', { min: '15' })] : []), ...(password !== 'ward' ? [problem('password.wrong', 'password')] : [])];
    return wrong.length > 0 ? no(...wrong) : ok(null);
  }

  async places(): Promise<Places> {
    if (this.house.isDown) throw new Refused(0, [problem('console.unreachable')]);
    return { wards: this.wards(), departments: this.departments() };
  }

  async setWard({ base, draft }: WardChange): Promise<Outcome<WardLine>> {
    const line = this.wards().find(({ ward }) => ward.id === base?.id);
    if (base && (!line || text({ name: line.ward.name, isOpen: line.closed === null }) !== text(base.draft))) return no(problem('place.changed'));
    const wrong = named(draft.name);
    const { inUse } = line ?? { inUse: nothing };
    if (base?.draft.isOpen && !draft.isOpen) wrong.push(...inTheWay(inUse));
    if (wrong.length > 0) return no(...wrong);
    const { reference_ } = this.house;
    const id = base?.id ?? `01980000-0000-7000-8000-${String(++this.made).padStart(12, '0')}`;
    if (!draft.isOpen) this.closedWards[id] = '2027-03-01T09:00:00Z';
    else delete this.closedWards[id];
    const others = reference_.wards.filter((one) => one.id !== id);
    this.keep({ wards: [...others, { id, name: draft.name }] });
    return ok(this.wards().find(({ ward }) => ward.id === id)!);
  }

  async setDepartment({ base, draft }: DepartmentChange): Promise<Outcome<DepartmentLine>> {
    const line = this.departments().find(({ department }) => department.id === base?.id);
    if (base && (!line || text({ name: line.department.name, ward: line.department.ward, isOpen: line.closed === null }) !== text(base.draft))) return no(problem('place.changed'));
    const wrong = named(draft.name);
    if (base?.draft.isOpen && !draft.isOpen) wrong.push(...inTheWay(line!.inUse));
    if (wrong.length > 0) return no(...wrong);
    const id = base?.id ?? `01990000-0000-7000-8000-${String(++this.made).padStart(12, '0')}`;
    if (!draft.isOpen) this.closedDepartments[id] = '2027-03-01T09:00:00Z';
    else delete this.closedDepartments[id];
    this.keep({ departments: [...this.house.reference_.departments.filter((one) => one.id !== id), { id, name: draft.name, ward: draft.ward }] });
    return ok(this.departments().find(({ department }) => department.id === id)!);
  }

  async prices(): Promise<PriceList> {
    return { lines: this.prices_, taxBasisPoints: 500, currency: this.prices_[0]?.net.currency ?? null };
  }

  async setPrice({ department, net, from, base }: PriceChange): Promise<Outcome<PriceList>> {
    const own = this.prices_.filter((line) => line.department === department);
    if (Math.max(0, ...own.map(({ id }) => id)) !== (base ?? 0)) return no(problem('price.changed'));
    const id = 1 + Math.max(0, ...this.prices_.map((line) => line.id));
    const at = `${from}T00:00:00Z`;
    const state = from > new Date().toISOString().slice(0, 10) ? 'planned' as const : 'in_force' as const;
    const said: PriceLine = { id, department, net, from: at, by: this.house.own()!.id, said: at, state };
    this.prices_ = [said, ...this.prices_.map((line) => (line.department === department && line.state === 'in_force' && state === 'in_force' ? { ...line, state: 'past' as const } : line))];
    return ok(await this.prices());
  }

  async settings(): Promise<SettingsNow> {
    const limit = (amount_minor: number) => ({ amount_minor, currency: 'GBP' });
    return { settings: { hospital: this.house.reference_.hospital, ...this.chosen }, zone: this.house.reference_.zone, facility: 'A1', refundLimit: limit(1_000_000), cashRefundLimit: limit(200_000) };
  }

  async setSettings({ base, draft }: SettingsChange): Promise<Outcome<SettingsNow>> {
    const { settings } = await this.settings();
    if (text(settings) !== text(base)) return no(problem('settings.changed'));
    const within = (value: number, most: number, field: string) => (Number.isInteger(value) && value >= 1 && value <= most ? [] : [problem('settings.out_of_range', field, { max: String(most) })]);
    const wrong = [...(draft.hospital.trim() === '' ? [problem('required', 'hospital')] : []), ...within(draft.idleMinutes, 60, 'idleMinutes'), ...within(draft.offlineHours, 336, 'offlineHours')];
    if (wrong.length > 0) return no(...wrong);
    this.chosen = { idleMinutes: draft.idleMinutes, offlineHours: draft.offlineHours };
    this.keep({ hospital: draft.hospital });
    return ok(await this.settings());
  }

  private wards(): WardLine[] {
    const { wards, departments } = this.house.reference_;
    return wards.map((ward, n) => ({
      ward, closed: this.closedWards[ward.id] ?? null,
      inUse: { ...nothing, patients: n === 0 ? 12 : 0, desks: n === 0 ? ['Amber desk 1'] : [], departments: departments.filter((one) => one.ward === ward.id && !(one.id in this.closedDepartments)).map(({ name }) => name) },
    }));
  }

  private departments(): DepartmentLine[] {
    const { departments, staff } = this.house.reference_;
    const doctors = (id: string) => staff.filter((one) => one.isActive && one.departments.includes(id)).map(({ name }) => name);
    return departments.map((department) => ({ department, closed: this.closedDepartments[department.id] ?? null, inUse: { ...nothing, doctors: doctors(department.id), visits: doctors(department.id).length } }));
  }

  private find(id: string): Staff | undefined {
    return this.house.reference_.staff.find((one) => one.id === id);
  }

  private put(staff: Staff): void {
    this.keep({ staff: [...this.house.reference_.staff.filter(({ id }) => id !== staff.id), staff] });
  }

  private keep(change: Partial<Reference>): void {
    this.house.reference_ = { ...this.house.reference_, ...change };
    this.house.tell('reference');
  }

  private once(staff: string, username: string): OneTime {
    const until = '2090-01-01T00:00:00Z';
    this.house.onceUntil[staff] = until;
    this.house.tell('reference');
    return { staff, username, password: 'ONCE-ONLY-ABCD-EFGH', until };
  }
}

const tidy = (draft: StaffDraft) => ({ name: draft.name.trim(), roles: [...draft.roles].sort(), departments: [...draft.departments].sort() });
const named = (name: string) => (name.trim() === '' ? [problem('required', 'name')] : []);
const checked = (draft: StaffDraft): Problem[] => [...named(draft.name), ...(draft.roles.length === 0 ? [problem('staff.no_role', 'roles')] : [])];

function inTheWay({ patients, desks, departments, doctors, visits }: InUse): Problem[] {
  return [
    ...(patients > 0 ? [problem('place.has_patients', '', { count: String(patients) })] : []),
    ...(desks.length > 0 ? [problem('place.has_desks', '', { names: desks.join(', ') })] : []),
    ...(departments.length > 0 ? [problem('place.has_departments', '', { names: departments.join(', ') })] : []),
    ...(doctors.length > 0 ? [problem('place.has_doctors', '', { names: doctors.join(', ') })] : []),
    ...(visits > 0 ? [problem('place.has_visits', '', { count: String(visits) })] : []),
  ];
}
