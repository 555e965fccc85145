import { get, outcome, post } from '../wire';
import type { NoticesBackend } from './backend';

/** Notices at the hub, below `/console/v1`. */
export const noticesBackend: NoticesBackend = {
  list: (state, patient, after) => get('notices', { state, patient, after }),
  say: (said) => outcome(post('notices/said', said)),
};
