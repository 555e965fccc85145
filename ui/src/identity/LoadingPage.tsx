import { Button, Progress, Stack, Text } from '@mantine/core';
import type { SyncStatus } from '../backend/types.gen';
import { useWords } from '../parts/words';
import { Door } from './Door';

/** The first load: how many records of how many, as counted; never a guess. */
export function LoadingPage({ status, onSkip }: { status: SyncStatus; onSkip: () => void }) {
  const t = useWords();
  const [done, all] = status.progress ?? [0, 0];
  const isCounted = all > 0;
  return (
    <Door title={t('loading.title')}>
      <Stack gap="sm" data-testid="loading">
        <Text size="sm">{t('loading.explain')}</Text>
        {isCounted && <Progress value={(done / all) * 100} aria-label={t('loading.title')} size="lg" transitionDuration={0} />}
        <Text role="status" fw={600}>
          {isCounted ? t('loading.counted', { done: done.toLocaleString(t.language), all: all.toLocaleString(t.language) }) : t('loading.counting')}
        </Text>
        {status.trouble && <Text role="alert" className="danger-text">{t.problem(status.trouble)} {t('loading.resumes')}</Text>}
        <Text size="sm" c="dimmed">{t('loading.mayWait')}</Text>
        <Button variant="default" onClick={onSkip}>{t('loading.skip')}</Button>
      </Stack>
    </Door>
  );
}
