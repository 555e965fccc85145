import { IconCircleCheck, IconDeviceDesktop } from '@tabler/icons-react';
import { useStatus } from '../parts/context';
import { useHeld, useWaiting } from '../parts/queries';
import { useTime } from '../parts/useTime';
import { useWords } from '../parts/words';
import { unposted } from './SyncLine';

/** Whether this computer can be switched off, said plainly. */
export function Shutdown() {
  const t = useWords();
  const time = useTime();
  const status = useStatus();
  const { data: waiting = [] } = useWaiting();
  const { data: held = [] } = useHeld();
  if (!status) return null;
  const open = held.filter((one) => !one.isWithdrawn);
  const isSafe = status.waiting === 0 && open.length === 0 && status.unposted === null && status.link !== 'loading';
  const people = [...new Set([...waiting, ...open].map((one) => one.patientName || t('name.notHere')))];
  return (
    <section className={isSafe ? 'card shutdown shutdown-safe' : 'card shutdown'} data-testid="shutdown-answer" data-safe={isSafe} role="status">
      {isSafe ? <IconCircleCheck size={40} aria-hidden /> : <IconDeviceDesktop size={40} aria-hidden />}
      <div>
        <h2>{isSafe ? t('shutdown.safe') : t('shutdown.notAll')}</h2>
        {isSafe && <p>{status.syncedAt ? t('shutdown.safeExplain', { time: time(status.syncedAt) }) : t('shutdown.nothing')}</p>}
        {status.unposted && <p data-testid="shutdown-unposted"><strong>{unposted(status, t)}</strong> {t('shutdown.unposted')}</p>}
        {status.link === 'loading' && <p>{t('shutdown.loading')}</p>}
        {people.length > 0 && (
          <>
            <p>{t('shutdown.waiting', { count: status.waiting + open.length })}</p>
            <ul>{people.map((name) => <li key={name}><bdi>{name}</bdi></li>)}</ul>
            <p><strong>{t('shutdown.lost')}</strong> {t('shutdown.later')}</p>
          </>
        )}
      </div>
    </section>
  );
}
