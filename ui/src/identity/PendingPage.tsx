import { Loader, Stack, Text } from '@mantine/core';
import { useWords } from '../parts/words';
import { Door } from './Door';

/** A computer whose code was right and whom a second person has to let in. */
export function PendingPage() {
  const t = useWords();
  return (
    <Door title={t('pending.title')}>
      <Stack gap="sm" data-testid="pending">
        <Text size="sm" role="status">{t('pending.explain')}</Text>
        <Loader size="sm" aria-hidden="true" />
      </Stack>
    </Door>
  );
}
