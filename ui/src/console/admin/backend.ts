import type { Outcome } from '../../backend';
import type {
  DepartmentChange, DepartmentLine, FactorOffer, OneTime, Places, PriceChange, PriceList, Reset, SettingsChange, SettingsNow, StaffChanged, StaffDraft, WardChange, WardLine,
} from '../../backend/types.gen';

/** What administrators say of staff, wards, departments and prices, and what anybody does with their own account. */
export interface AdminBackend {
  /** Adds somebody; the password is shown this once. */
  addStaff(username: string, draft: StaffDraft): Promise<Outcome<OneTime>>;
  changeStaff(staff: string, base: StaffDraft, draft: StaffDraft): Promise<Outcome<StaffChanged>>;
  /** Gives somebody a password for once; `base` is what the list said of the one before. */
  resetStaff(staff: string, what: Reset, base: string | null): Promise<Outcome<OneTime>>;

  offerFactor(code: string | null): Promise<Outcome<FactorOffer>>;
  confirmFactor(code: string): Promise<Outcome<null>>;
  changePassword(password: string, newPassword: string): Promise<Outcome<null>>;

  places(): Promise<Places>;
  setWard(change: WardChange): Promise<Outcome<WardLine>>;
  setDepartment(change: DepartmentChange): Promise<Outcome<DepartmentLine>>;

  prices(): Promise<PriceList>;
  settings(): Promise<SettingsNow>;
  setSettings(change: SettingsChange): Promise<Outcome<SettingsNow>>;

  setPrice(change: PriceChange): Promise<Outcome<PriceList>>;
}
