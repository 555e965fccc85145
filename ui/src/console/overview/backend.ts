import type { Overview, TakingPage, Takings, Turnout, VisitPage } from '../../backend/types.gen';

/** What the whole is seen over, and of whom. */
export interface OverviewAsk { days: number; department: string | null; ward: string | null }

/** Visits of a figure. */
export interface VisitAsk { of: Turnout; from: string; to: string; department: string | null }

/** Journals of a figure. */
export interface TakingAsk { of: Takings; from: string; to: string; currency: string }

/** The whole in figures, and the lists behind them. */
export interface OverviewBackend {
  figures(ask: OverviewAsk): Promise<Overview>;
  visits(ask: VisitAsk, after: string | null): Promise<VisitPage>;
  takings(ask: TakingAsk, after: string | null): Promise<TakingPage>;
}
