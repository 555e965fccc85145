import { Button, Group } from '@mantine/core';
import { IconAlertCircle } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Outcome } from '../backend';
import type { DeviceLine } from '../backend/types.gen';
import { useNames, useSession } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Page } from '../parts/Page';
import { toast, toastUndo } from '../parts/toast';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';
import { Loaded, MoreButton, useConsole, useSay } from './context';
import { useDevices } from './queries';
import { href } from './route';
import { WipeDialog } from './WipeDialog';

/** Every workstation: how it stands, when it was heard, what it has not sent; and what is ordered of it. */
export function DevicesPage({ ward }: { ward: string | null }) {
  const t = useWords();
  const names = useNames();
  const query = useDevices(ward);
  const [emptied, setEmptied] = useState<DeviceLine | null>(null);
  return (
    <Page title={t('console.devices')}>
      <p className="page-note">{t('devices.explain')}</p>
      {ward && <p className="page-note" data-testid="devices-of-ward">{t('devices.ofWard', { ward: names.ward(ward) || t('unknown') })} <a href={href({ page: 'devices' })}>{t('devices.all')}</a></p>}
      <Loaded query={query}>
        {({ pages }) => {
          const lines = pages.flatMap((page) => page.lines);
          return lines.length === 0 ? <Empty>{t('devices.none')}</Empty> : <DeviceTable lines={lines} onEmpty={setEmptied} />;
        }}
      </Loaded>
      <MoreButton query={query} />
      {emptied && <WipeDialog line={emptied} onClose={() => setEmptied(null)} />}
    </Page>
  );
}

function DeviceTable({ lines, onEmpty }: { lines: DeviceLine[]; onEmpty: (line: DeviceLine) => void }) {
  const t = useWords();
  return (
    <table className="table" data-testid="devices">
      <thead>
        <tr>
          <th scope="col">{t('devices.name')}</th><th scope="col">{t('devices.standing')}</th><th scope="col">{t('devices.seen')}</th>
          <th scope="col">{t('devices.unsent')}</th><th scope="col">{t('devices.held')}</th><th scope="col">{t('devices.act')}</th>
        </tr>
      </thead>
      <tbody>{lines.map((line) => <Row key={line.id} line={line} onEmpty={onEmpty} />)}</tbody>
    </table>
  );
}

const marks: Record<DeviceLine['standing'], string> = {
  active: 'mark-accepted', pending: 'mark-saved', suspended: 'mark-held', revoked: 'mark-held', wipe_after_upload: 'mark-held', wipe_now: 'mark-held', emptied: 'mark-held',
};

function Row({ line, onEmpty }: { line: DeviceLine; onEmpty: (line: DeviceLine) => void }) {
  const t = useWords();
  const moment = useMoment();
  const names = useNames();
  return (
    <tr data-testid="device" data-standing={line.standing}>
      <th scope="row"><bdi>{line.name}</bdi> <span className="line-facts">{[names.ward(line.ward), t('devices.number', { n: line.number }), line.version && t('devices.version', { version: line.version })].filter(Boolean).join(' · ')}</span></th>
      <td>
        <span className={`mark ${marks[line.standing]}`}>{line.standing !== 'active' && <IconAlertCircle size={14} aria-hidden />} {t.of('DeviceStanding', line.standing)}</span>
        {line.isSlowed && <span className="line-facts">{t('devices.slowed')}</span>}
        {line.alarm && <span className="line-facts danger-text">{t.of('DeviceAlarm', line.alarm.code)} · {moment(line.alarm.at)}</span>}
      </td>
      <td className="number"><span className="only-narrow">{t('devices.seen')}: </span>{line.seen ? moment(line.seen) : t('devices.never')}</td>
      <td className="number"><span className="only-narrow">{t('devices.unsent')}: </span>{line.unsent ?? t('unknown')}</td>
      <td className="number"><span className="only-narrow">{t('devices.held')}: </span>{line.held}</td>
      <td><Acts line={line} onEmpty={onEmpty} /></td>
    </tr>
  );
}

/** What can be ordered of a workstation as it stands. */
function Acts({ line, onEmpty }: { line: DeviceLine; onEmpty: (line: DeviceLine) => void }) {
  const t = useWords();
  const { staff } = useSession();
  const acts = useActs(line);
  const empty = <Button size="compact-sm" variant="default" data-testid="device-wipe" aria-label={t('devices.emptyOne', { name: line.name })} onClick={() => onEmpty(line)}>{t('devices.empty')}</Button>;
  switch (line.standing) {
    case 'pending':
      if (line.invitedBy === staff.id) return <span className="line-facts">{t('problem.device.same_person')}</span>;
      return <Group gap="xs"><Button size="compact-sm" data-testid="device-approve" aria-label={t('devices.approveOne', { name: line.name })} onClick={() => void acts.approve()}>{t('devices.approve')}</Button></Group>;
    case 'active':
      return <Group gap="xs"><Button size="compact-sm" variant="default" data-testid="device-suspend" aria-label={t('devices.suspendOne', { name: line.name })} onClick={() => void acts.suspend()}>{t('devices.suspend')}</Button>{empty}</Group>;
    case 'suspended':
      return <Group gap="xs"><Button size="compact-sm" variant="default" data-testid="device-resume" aria-label={t('devices.resumeOne', { name: line.name })} onClick={() => void acts.resume()}>{t('devices.resume')}</Button>{empty}</Group>;
    case 'wipe_after_upload':
    case 'wipe_now':
      return <Group gap="xs"><Button size="compact-sm" variant="default" data-testid="device-keep" aria-label={t('devices.keepOne', { name: line.name })} onClick={() => void acts.suspend()}>{t('devices.keep')}</Button></Group>;
    case 'revoked':
    case 'emptied': return null;
  }
}

function useActs({ id, name }: DeviceLine) {
  const t = useWords();
  const backend = useConsole();
  const client = useQueryClient();
  const say = useSay();

  async function done(answer: Outcome<null>): Promise<boolean> {
    await client.invalidateQueries({ queryKey: ['devices'] });
    return say(answer);
  }

  /** One that two replicas spoke for was suspended by the server itself: somebody else than who gave its code lets it in again. */
  async function resume() {
    const isDone = await done(await backend.orderDevice(id, 'active', '')) && await done(await backend.approveDevice(id));
    if (isDone) toast(t('devices.resumed', { name }));
  }

  async function suspend() {
    if (await done(await backend.orderDevice(id, 'suspend', ''))) toastUndo(t('devices.suspended', { name }), t('undo'), () => void resume());
  }

  async function approve() {
    if (await done(await backend.approveDevice(id))) toast(t('devices.approved', { name }));
  }
  return { approve, suspend, resume };
}
