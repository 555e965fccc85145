import { Button } from '@mantine/core';
import { IconUrgent } from '@tabler/icons-react';
import { useEffect } from 'react';
import type { Emergency } from '../backend/types.gen';
import { href } from '../parts/route';
import { useTime } from '../parts/useTime';
import { useWords } from '../parts/words';
import { useEmergency, useLeft } from './useEmergency';

/** Stays in sight on every screen while the emergency access is open. */
export function EmergencyBar() {
  const { open, end, look } = useEmergency();
  return open && <Bar open={open} onEnd={() => void end()} onOver={look} />;
}

function Bar({ open, onEnd, onOver }: { open: Emergency; onEnd: () => void; onOver: () => void }) {
  const t = useWords();
  const time = useTime();
  const seconds = useLeft(open.until);
  const isOver = seconds === 0;
  useEffect(() => {
    if (!isOver) return;
    onOver();
    // the desk's clock decides; it is asked again until it agrees
    const timer = setInterval(onOver, 1000);
    return () => clearInterval(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- what it does never differs
  }, [isOver]);
  const left = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return (
    <section className="emergency-bar" data-testid="emergency-bar" aria-label={t('emergency.title')}>
      <IconUrgent size={22} aria-hidden />
      <p>
        <a href={href({ page: 'emergency' })}><strong>{t('emergency.title')}</strong></a> · {t('emergency.barFacts', { time: time(open.until) })}
        <span className="emergency-reason">{t('emergency.because')} <bdi>{open.reason}</bdi></span>
      </p>
      <span role="timer" className="number emergency-left" aria-label={t('emergency.left')}>{left}</span>
      <Button size="compact-sm" variant="default" className="no-print" data-testid="emergency-end" onClick={onEnd}>{t('emergency.end')}</Button>
    </section>
  );
}
