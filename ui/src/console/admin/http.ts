import { get, outcome, post } from '../wire';
import type { AdminBackend } from './backend';

/** Administration at the hub, below `/console/v1`. */
export const adminBackend: AdminBackend = {
  addStaff: (username, draft) => outcome(post('staff', { username, draft })),
  changeStaff: (staff, base, draft) => outcome(post('staff/change', { staff, base, draft })),
  resetStaff: (staff, what, base) => outcome(post('staff/reset', { staff, what, base })),

  offerFactor: (code) => outcome(post('account/factor', { code })),
  confirmFactor: (code) => outcome(post('account/factor/confirm', { code })),
  changePassword: (password, newPassword) => outcome(post('account/password', { password, newPassword })),

  places: () => get('places'),
  setWard: (change) => outcome(post('places/ward', change)),
  setDepartment: (change) => outcome(post('places/department', change)),

  prices: () => get('prices'),
  setPrice: (change) => outcome(post('prices', change)),

  settings: () => get('settings'),
  setSettings: (change) => outcome(post('settings', change)),
};
