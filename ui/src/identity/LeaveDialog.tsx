import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { Unposted } from '../backend/types.gen';
import { useTime } from '../parts/useTime';
import { useWords } from '../parts/words';

interface LeaveDialogProps { unposted: Unposted; onStay: () => void; onLeave: () => void }

/** Somebody leaves while money that was recorded here is in nobody's books: asked twice, and the desk writes it down. */
export function LeaveDialog({ unposted, onStay, onLeave }: LeaveDialogProps) {
  const t = useWords();
  const time = useTime();
  const [isSure, setIsSure] = useState(false);
  const count = unposted.count;
  return (
    <Modal opened onClose={onStay} title={t('leave.title')} closeButtonProps={{ 'aria-label': t('close') }}>
      <Stack gap="sm" data-testid="leave-dialog" data-step={isSure ? 2 : 1}>
        <Text>{isSure ? t('leave.sure') : t('leave.unposted', { count, time: time(unposted.oldestAt) })}</Text>
        <Group gap="xs">
          <Button data-autofocus data-testid="leave-stay" onClick={onStay}>{t('leave.stay')}</Button>
          {isSure
            ? <Button variant="default" data-testid="leave-now" onClick={onLeave}>{t('leave.now')}</Button>
            : <Button variant="default" data-testid="leave-anyway" onClick={() => setIsSure(true)}>{t('leave.anyway')}</Button>}
        </Group>
      </Stack>
    </Modal>
  );
}
