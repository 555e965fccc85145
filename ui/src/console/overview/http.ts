import { get } from '../wire';
import type { OverviewBackend } from './backend';

/** The whole in figures at the hub, below `/console/v1`. */
export const overviewBackend: OverviewBackend = {
  figures: ({ days, ...narrow }) => get('overview', { days: String(days), ...narrow }),
  visits: (ask, after) => get('overview/visits', { ...ask, after }),
  takings: (ask, after) => get('overview/takings', { ...ask, after }),
};
