import { IconAlertCircle, IconCheck, IconCloudOff, IconDownload, IconLock, IconSend } from '@tabler/icons-react';
import type { SyncStatus } from '../backend/types.gen';
import { useStatus } from '../parts/context';
import { go } from '../parts/route';
import { useTime } from '../parts/useTime';
import { useWords, type Words } from '../parts/words';

const icons = { upToDate: IconCheck, offline: IconCloudOff, sending: IconSend, attention: IconAlertCircle, loading: IconDownload, refused: IconLock, waiting: IconSend };

export type Headline = keyof typeof icons;

/** The one thing to know about the way to the hospital now. */
export function headlineOf(status: SyncStatus): Headline {
  switch (status.link) {
    case 'refused': return 'refused';
    case 'loading': return 'loading';
    case 'offline': return status.held + status.conflicts > 0 ? 'attention' : 'offline';
    case 'syncing':
    case 'online':
      if (status.held + status.conflicts > 0) return 'attention';
      if (status.link === 'syncing' && status.waiting > 0) return 'sending';
      return status.waiting > 0 ? 'waiting' : 'upToDate';
  }
}

export function headlineText(status: SyncStatus, t: Words): string {
  const [done, all] = status.progress ?? [0, 0];
  const counts = { done: done.toLocaleString(t.language), all: all.toLocaleString(t.language) };
  const headline = headlineOf(status);
  switch (headline) {
    case 'attention': return t('sync.attention', { count: status.held + status.conflicts });
    case 'sending': return all > 0 ? t('sync.sendingCounted', counts) : t('sync.sending');
    case 'loading': return all > 0 ? t('sync.loadingCounted', counts) : t('sync.loading');
    case 'refused': return status.trouble ? t('sync.refusedWhy', { why: t.problem(status.trouble) }) : t('sync.refused');
    case 'offline':
    case 'waiting':
    case 'upToDate': return t(`sync.${headline}`);
  }
}

/** Says how much money was recorded here that is in nobody's books, and how old the oldest of it is. */
export function unposted(status: SyncStatus, t: Words): string | null {
  if (!status.unposted) return null;
  const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(status.unposted.oldestAt)) / 60_000));
  const [word, n] = minutes < 60 ? ['age.minutes', minutes] as const : minutes < 48 * 60 ? ['age.hours', Math.floor(minutes / 60)] as const : ['age.days', Math.floor(minutes / 1440)] as const;
  return t('sync.unposted', { count: status.unposted.count, age: t(word, { n }) });
}

/** The line at the foot of the window: always there, always true. */
export function SyncLine() {
  const t = useWords();
  const time = useTime();
  const status = useStatus();
  if (!status) return null;
  const headline = headlineOf(status);
  const Icon = icons[headline];
  const isOffline = status.link === 'offline';
  const facts = [
    headline === 'attention' && isOffline ? t('sync.offline') : null,
    status.waiting > 0 ? t('sync.savedHere') : null,
    status.waiting > 0 ? t('sync.waitingCount', { count: status.waiting }) : null,
    unposted(status, t),
    status.syncedAt ? t('sync.syncedAt', { time: time(status.syncedAt) }) : t('sync.never'),
    status.clockAheadS ? t('sync.clockShort') : null,
  ].filter(Boolean);
  return (
    <footer className="sync-foot no-print">
      <span role="status" className="visually-hidden">{t(`sync.say.${headline}`)}</span>
      <button
        type="button" className={`sync-line sync-${headline}`} data-testid="sync-line" data-link={status.link} data-waiting={status.waiting} data-held={status.held} data-unposted={status.unposted?.count ?? 0}
        onClick={() => go({ page: headline === 'attention' ? (status.held > 0 ? 'held' : 'conflicts') : 'waiting' })}
      >
        <Icon size={17} aria-hidden /> <strong>{headlineText(status, t)}</strong>
        {facts.map((fact) => <span key={fact} className="sync-fact">{fact}</span>)}
      </button>
      <a className="sync-shutdown" href="#/sync/shutdown">{t('shutdown.title')}</a>
    </footer>
  );
}
