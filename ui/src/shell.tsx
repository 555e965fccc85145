import { Modal, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCalendarTime, IconCalendarWeek, IconCash, IconCloudUpload, IconLayoutColumns, IconPencil, IconUsers } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import type { DeskState } from './backend/types.gen';
import { EmergencyBar } from './emergency/EmergencyBar';
import { ShortcutTable } from './Help';
import { Palette } from './palette';
import { Broken } from './parts/Broken';
import { useMay, useSession, useStatus } from './parts/context';
import { useDrafts } from './parts/drafts';
import { useKeys } from './parts/keys';
import { PatientSearch } from './parts/PatientSearch';
import { usePrefs } from './parts/prefs';
import { go, href, useRoute, type Route } from './parts/route';
import { undo } from './parts/toast';
import { useWords } from './parts/words';
import { Screen } from './screens';
import { SyncLine } from './sync/SyncLine';
import { UserMenu } from './usermenu';

interface ShellProps { desk: DeskState; onSwitchUser: () => void; onLock: () => void }

/** The frame around every screen: search, menu, unfinished forms, the line at the foot. */
export function Shell({ desk, onSwitchUser, onLock }: ShellProps) {
  const t = useWords();
  const route = useRoute();
  const address = href(route);
  const search = useRef<HTMLInputElement>(null);
  const [isSheetOpen, sheet] = useDisclosure(false);
  const [isPaletteOpen, palette] = useDisclosure(false);
  const { letterKeys } = usePrefs();
  const may = useMay();
  const patient = 'id' in route && ['chart', 'edit', 'book', 'prescribe', 'allergy', 'cashier'].includes(route.page) ? route.id : null;
  useKeys({
    '/': () => search.current?.focus(),
    '?': sheet.toggle,
    'g t': () => go({ page: 'today', date: null }),
    'g d': () => go({ page: 'diary', days: 1, date: null, whom: null, moving: null }),
    'g b': () => go({ page: 'board', department: null }),
    'g p': () => go({ page: 'patients' }),
    'g c': () => may.takeMoney && go({ page: 'cashier', id: patient }),
    'g s': () => go({ page: 'waiting' }),
    n: () => may.write('patient', 'name') && go({ page: 'register' }),
    b: () => may.write('appointment', 'start') && go({ page: 'book', id: patient }),
    r: () => patient && may.write('prescription', 'line') && go({ page: 'prescribe', id: patient }),
    'mod+k': palette.open,
    'mod+z': () => undo(),
    'mod+p': () => window.print(),
  }, letterKeys);
  useEffect(() => {
    document.getElementById('main')?.scrollTo(0, 0);
  }, [address]);

  return (
    <div className="shell">
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById('main')?.focus(); }}>{t('skip')}</a>
      <header className="top no-print">
        <a className="brand" href="#/today"><img src="./wardbook.svg" alt="" width={26} height={26} /> <span>{desk.wardName}<span className="brand-desk">{desk.deviceName}</span></span></a>
        <div className="top-search" role="search"><PatientSearch input={search} testId="search" label={t('search.label')} onPicked={(row) => go({ page: 'chart', id: row.id })} /></div>
        <Unfinished route={route} />
        <UserMenu onSwitchUser={onSwitchUser} onLock={onLock} onKeys={sheet.open} onPalette={palette.open} />
      </header>
      <EmergencyBar />
      <Menu route={route} />
      {/* a person without a mouse scrolls it too */}
      <main id="main" tabIndex={0} className="main" aria-label={t('page.label')}><Broken key={address} t={t}><Screen route={route} /></Broken></main>
      <SyncLine />
      <Palette isOpen={isPaletteOpen} onClose={palette.close} onKeys={sheet.open} onSwitchUser={onSwitchUser} onLock={onLock} patient={patient} />
      <Modal opened={isSheetOpen} onClose={sheet.close} title={t('help.keys')} closeButtonProps={{ 'aria-label': t('close') }}><ShortcutTable /></Modal>
    </div>
  );
}

const rooms: Record<string, readonly Route['page'][]> = {
  today: ['today', 'book', 'move', 'cancel', 'repeat'],
  diary: ['diary'],
  board: ['board', 'walkIn'],
  patients: ['patients', 'register', 'chart', 'edit', 'allergy', 'prescribe', 'prescription', 'stop'],
  cashier: ['cashier'],
  sync: ['waiting', 'held', 'conflicts', 'shutdown', 'conflict', 'heldForm'],
};

function Menu({ route }: { route: Route }) {
  const t = useWords();
  const status = useStatus();
  const may = useMay();
  const attention = (status?.held ?? 0) + (status?.conflicts ?? 0);
  const items = [
    { room: 'today', to: { page: 'today', date: null }, icon: IconCalendarTime },
    { room: 'diary', to: { page: 'diary', days: 1, date: null, whom: null, moving: null }, icon: IconCalendarWeek },
    { room: 'board', to: { page: 'board', department: null }, icon: IconLayoutColumns },
    { room: 'patients', to: { page: 'patients' }, icon: IconUsers },
    ...(may.takeMoney ? [{ room: 'cashier', to: { page: 'cashier', id: null }, icon: IconCash } as const] : []),
    { room: 'sync', to: { page: 'waiting' }, icon: IconCloudUpload },
  ] as const;
  return (
    <nav className="menu no-print" aria-label={t('nav.label')}>
      {items.map(({ room, to, icon: Icon }) => (
        <a key={room} data-testid={`nav-${room}`} href={href(to)} aria-current={rooms[room]?.includes(route.page) ? 'page' : undefined} className="menu-item">
          <Icon size={20} aria-hidden /> <span>{t(`nav.${room}`)}</span>
          {room === 'sync' && attention > 0 && <span className="count" title={t('sync.attention', { count: attention })}>{attention}</span>}
        </a>
      ))}
    </nav>
  );
}

/** Ways back to forms that were left half filled. */
function Unfinished({ route }: { route: Route }) {
  const t = useWords();
  const { staff } = useSession();
  const drafts = useDrafts(staff.id).filter((draft) => href(draft.route) !== href(route));
  const latest = drafts.at(-1);
  if (!latest) return null;
  return (
    <UnstyledButton className="unfinished" data-testid="unfinished" onClick={() => go(latest.route)}>
      <IconPencil size={16} aria-hidden /> <span>{drafts.length === 1 ? t('unfinished.one', { title: latest.title }) : t('unfinished.many', { count: drafts.length, title: latest.title })}</span>
    </UnstyledButton>
  );
}
