import { Button } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useBackend, useReference, useStatus } from '../parts/context';
import { Page } from '../parts/Page';
import { href } from '../parts/route';
import { useWords } from '../parts/words';
import { ConflictList } from './ConflictList';
import { HeldTray } from './HeldTray';
import { Shutdown } from './Shutdown';
import { headlineText } from './SyncLine';
import { WaitingList } from './WaitingList';

type Tab = 'waiting' | 'held' | 'conflicts' | 'shutdown';

/** What waits to be sent, what the hospital did not take, where two places disagree. */
export function SyncPage({ tab }: { tab: Tab }) {
  const t = useWords();
  const backend = useBackend();
  const status = useStatus();
  const counts = { waiting: status?.waiting, held: status?.held, conflicts: status?.conflicts, shutdown: undefined };
  return (
    <Page
      title={t('sync.title')}
      titleExtra={status && <span className="dimmed-text">{headlineText(status, t)}</span>}
      actions={<Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={() => void backend.syncNow()}>{t('sync.tryAgain')}</Button>}
    >
      <Notices />
      <nav className="tabs" aria-label={t('sync.title')}>
        {(['waiting', 'held', 'conflicts', 'shutdown'] as const).map((page) => (
          <a key={page} href={href({ page })} aria-current={page === tab ? 'page' : undefined} className="tab">
            {t(`tab.${page}`)}{counts[page] ? <span className="count">{counts[page]}</span> : null}
          </a>
        ))}
      </nav>
      {tab === 'waiting' && <WaitingList />}
      {tab === 'held' && <HeldTray />}
      {tab === 'conflicts' && <ConflictList />}
      {tab === 'shutdown' && <Shutdown />}
    </Page>
  );
}

/** Below this many hospital numbers a desk that stays offline may run out in a day. */
const fewNumbers = 20;

/** What somebody has to know about this desk: its clock, its numbers, its disk, what was found when it opened. */
export function Notices() {
  const t = useWords();
  const status = useStatus();
  const { zone } = useReference();
  if (!status || !zone) return null;
  const ahead = status.clockAheadS;
  const notices = [
    status.notice && t.problem(status.notice),
    status.trouble && status.link !== 'offline' ? t.problem(status.trouble) : null,
    ahead !== null && t(ahead > 0 ? 'sync.clockAhead' : 'sync.clockBehind', { minutes: Math.round(Math.abs(ahead) / 60) }),
    status.numbersLeft < fewNumbers && t('sync.numbersLeft', { count: status.numbersLeft }),
  ].filter(Boolean);
  return <div role="status">{notices.map((notice) => <p key={String(notice)} className="notice notice-warn">{notice}</p>)}</div>;
}
