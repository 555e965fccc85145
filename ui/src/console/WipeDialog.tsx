import { Button, Group, Modal, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { DeviceLine, Order, Problem } from '../backend/types.gen';
import { Notice } from '../parts/Notice';
import { toast } from '../parts/toast';
import { useWords } from '../parts/words';
import { useConsole } from './context';

/** Having a workstation emptied cannot be taken back once it heard of it: its name is typed, and the server compares it. */
export function WipeDialog({ line, onClose }: { line: DeviceLine; onClose: () => void }) {
  const t = useWords();
  const backend = useConsole();
  const client = useQueryClient();
  const [order, setOrder] = useState<Order>('wipe_after_upload');
  const [name, setName] = useState('');
  const [problems, setProblems] = useState<Problem[]>([]);

  async function empty() {
    const answer = await backend.orderDevice(line.id, order, name);
    setProblems(answer.ok ? [] : answer.problems);
    if (!answer.ok) return;
    toast(t('devices.ordered', { name: line.name }));
    onClose();
    await client.invalidateQueries({ queryKey: ['devices'] });
  }

  return (
    <Modal opened onClose={onClose} title={t('devices.emptyOne', { name: line.name })} closeButtonProps={{ 'aria-label': t('close') }}>
      <form noValidate onSubmit={(event) => { event.preventDefault(); void empty(); }}>
        <Stack gap="sm">
          <Text size="sm">{t('devices.emptyExplain', { name: line.name })}</Text>
          {line.unsent !== 0 && <Notice kind="warn" testId="wipe-unsent">{line.unsent === null ? t('devices.unsentUnknown') : t('devices.unsentThere', { count: line.unsent })}</Notice>}
          <Radio.Group label={t('devices.how')} value={order} onChange={(value) => setOrder(value as Order)}>
            <Stack gap={6} mt={4}>
              <Radio value="wipe_after_upload" label={t('devices.afterUpload')} description={t('devices.afterUploadHint')} />
              <Radio value="wipe_now" data-testid="wipe-now" label={t('devices.now')} description={t('devices.nowHint')} />
            </Stack>
          </Radio.Group>
          <TextInput data-testid="wipe-name" label={t('devices.typeName', { name: line.name })} autoComplete="off" value={name} error={problems.length > 0 ? problems.map((problem) => t.problem(problem)).join(' ') : undefined} onChange={(event) => setName(event.currentTarget.value)} />
          <Group gap="xs">
            <Button type="submit" color="red.9" data-testid="wipe-submit">{t('devices.emptyIt')}</Button>
            <Button variant="default" onClick={onClose}>{t('console.cancel')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
