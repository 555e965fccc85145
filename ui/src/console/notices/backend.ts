import type { Outcome } from '../../backend';
import type { NoticePage, NoticeSaid, NoticeState } from '../../backend/types.gen';

/** What patients have to be told, and what came of it. */
export interface NoticesBackend {
  list(state: NoticeState, patient: string | null, after: string | null): Promise<NoticePage>;
  /** Notes that somebody was told, or not reached. */
  say(said: NoticeSaid): Promise<Outcome<null>>;
}
