import { Button, Menu } from '@mantine/core';
import { IconAdjustments, IconAlertTriangle, IconArrowsExchange, IconArrowsSplit2, IconBook2, IconBuildingHospital, IconCash, IconChartBar, IconChevronDown, IconClockHour4, IconDeviceDesktop, IconEyeExclamation, IconHeartbeat, IconHelp, IconInbox, IconLogout, IconPhone, IconReceipt, IconReceiptRefund, IconShieldCheck, IconTable, IconTag, IconUser, IconUmbrella, IconUsers, IconZoomExclamation } from '@tabler/icons-react';
import { useEffect, type ReactNode } from 'react';
import { RolesPage } from '../access/RolesPage';
import { mayDo, type Task } from '../parts/access';
import { Broken } from '../parts/Broken';
import { useReference, useSession } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Page } from '../parts/Page';
import { useWords, type Word } from '../parts/words';
import { Preferences } from '../usermenu';
import { OwnPage } from './admin/OwnPage';
import { PlacesPage } from './admin/PlacesPage';
import { PricesPage } from './admin/PricesPage';
import { SettingsPage } from './admin/SettingsPage';
import { StaffNewPage, StaffOnePage } from './admin/StaffForm';
import { ConsoleAuditPage } from './AuditPage';
import { ConsoleConflictPage } from './ConflictPage';
import { ConflictsPage } from './ConflictsPage';
import { DevicesPage } from './DevicesPage';
import { ConsoleEmergencyPage } from './EmergencyPage';
import { EventsPage } from './EventsPage';
import { HealthPage } from './HealthPage';
import { ConsoleHelpPage, RunbookPage } from './HelpPage';
import { DoctorPage, HoursPage } from './HoursPage';
import { HeldOnePage } from './HeldOnePage';
import { HeldPage } from './HeldPage';
import { AccountPage } from './money/AccountPage';
import { BillPage } from './money/BillPage';
import { BillsPage } from './money/BillsPage';
import { ClaimPage } from './money/ClaimPage';
import { ClaimsPage } from './money/ClaimsPage';
import { DayPage, DaysPage } from './money/DaysPage';
import { ExceptionsPage } from './money/ExceptionsPage';
import { LedgerPage, StatementPage } from './money/LedgerPage';
import { useExceptions } from './money/queries';
import { RefundsPage } from './money/RefundsPage';
import { NoticesPage } from './notices/NoticesPage';
import { TakingsPage, VisitsPage } from './overview/ListPages';
import { OverviewPage } from './overview/OverviewPage';
import { everything, useConflicts, useHeldList, useOpenings } from './queries';
import { go, href, useConsoleRoute, type ConsoleRoute } from './route';
import { StaffPage } from './StaffPage';

interface Room { page: 'overview' | 'notices' | 'held' | 'conflicts' | 'emergency' | 'devices' | 'staff' | 'wards' | 'prices' | 'settings' | 'hours' | 'bills' | 'refunds' | 'claims' | 'exceptions' | 'ledger' | 'days' | 'audit' | 'health' | 'events' | 'help' | 'roles'; task: Task; icon: typeof IconInbox; of: readonly ConsoleRoute['page'][] }

/** What there is to do, each for those who may. */
const rooms: readonly Room[] = [
  { page: 'overview', task: 'overview', icon: IconChartBar, of: ['overview', 'visits', 'takings'] },
  { page: 'held', task: 'held', icon: IconInbox, of: ['held', 'heldOne'] },
  { page: 'conflicts', task: 'conflicts', icon: IconArrowsSplit2, of: ['conflicts', 'conflict'] },
  { page: 'emergency', task: 'emergency_review', icon: IconEyeExclamation, of: ['emergency'] },
  { page: 'notices', task: 'notices', icon: IconPhone, of: ['notices'] },
  { page: 'devices', task: 'devices', icon: IconDeviceDesktop, of: ['devices'] },
  { page: 'staff', task: 'staff', icon: IconUsers, of: ['staff', 'staffNew', 'staffOne'] },
  { page: 'wards', task: 'wards', icon: IconBuildingHospital, of: ['wards'] },
  { page: 'hours', task: 'hours', icon: IconClockHour4, of: ['hours', 'doctor'] },
  { page: 'bills', task: 'cashier', icon: IconReceipt, of: ['bills', 'bill', 'account'] },
  { page: 'refunds', task: 'refund_agree', icon: IconReceiptRefund, of: ['refunds'] },
  { page: 'claims', task: 'books', icon: IconUmbrella, of: ['claims', 'claim'] },
  { page: 'exceptions', task: 'books', icon: IconZoomExclamation, of: ['exceptions'] },
  { page: 'days', task: 'books', icon: IconCash, of: ['days', 'day'] },
  { page: 'ledger', task: 'books', icon: IconBook2, of: ['ledger', 'statement'] },
  { page: 'prices', task: 'books', icon: IconTag, of: ['prices'] },
  { page: 'audit', task: 'audit_search', icon: IconShieldCheck, of: ['audit'] },
  { page: 'health', task: 'devices', icon: IconHeartbeat, of: ['health'] },
  { page: 'events', task: 'devices', icon: IconArrowsExchange, of: ['events'] },
  { page: 'settings', task: 'settings', icon: IconAdjustments, of: ['settings'] },
  { page: 'roles', task: 'console', icon: IconTable, of: ['roles'] },
  { page: 'help', task: 'console', icon: IconHelp, of: ['help', 'runbook'] },
];

/** The frame around every screen of the console: the menu of what somebody may do. */
export function ConsoleShell({ isHeard, onSignOut }: { isHeard: boolean; onSignOut: () => void }) {
  const t = useWords();
  const { roles } = useSession();
  const { hospital } = useReference();
  const asked = useConsoleRoute();
  const open = rooms.filter(({ task }) => mayDo(roles, task));
  const route: ConsoleRoute = asked.page === 'home' ? { page: open[0]?.page ?? 'roles' } : asked;
  const address = href(route);
  useEffect(() => {
    document.getElementById('main')?.scrollTo(0, 0);
  }, [address]);
  return (
    <div className="shell console">
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById('main')?.focus(); }}>{t('skip')}</a>
      <header className="top no-print">
        <a className="brand" href="#/"><img src="./wardbook.svg" alt="" width={26} height={26} /> <span>{t('console.title')}<span className="brand-desk">{hospital}</span></span></a>
        <ConsoleMenu onSignOut={onSignOut} />
      </header>
      <nav className="menu no-print" aria-label={t('nav.label')}>{open.map((room) => <MenuItem key={room.page} room={room} route={route} />)}</nav>
      <main id="main" tabIndex={0} className="main" aria-label={t('page.label')}>
        <div role="status">{!isHeard && <p className="notice notice-warn" data-testid="not-heard"><IconAlertTriangle size={16} aria-hidden /> {t('console.notHeard')}</p>}</div>
        <Broken key={address} t={t}><ConsoleScreen route={route} isOpen={isOpen(route, open)} /></Broken>
      </main>
    </div>
  );
}

function isOpen(route: ConsoleRoute, open: readonly Room[]): boolean {
  // one's own account is everybody's
  return route.page === 'own' || open.some((room) => room.of.includes(route.page));
}

function MenuItem({ room: { page, icon: Icon, of }, route }: { room: Room; route: ConsoleRoute }) {
  const t = useWords();
  return (
    <a className="menu-item" data-testid={`nav-${page}`} href={href({ page })} aria-current={of.includes(route.page) ? 'page' : undefined}>
      <Icon size={20} aria-hidden /> <span>{t(`console.${page}` as Word)}</span>
      {page === 'held' && <HeldCount />}
      {page === 'conflicts' && <DecisionCount />}
      {page === 'emergency' && <OpeningCount />}
      {page === 'exceptions' && <ExceptionCount />}
    </a>
  );
}

function HeldCount() {
  const { data } = useHeldList(false);
  return <Count of={data?.pages.at(-1)?.waiting ?? 0} />;
}

function DecisionCount() {
  const { data } = useConflicts(everything);
  return <Count of={data?.pages.at(-1)?.waiting ?? 0} />;
}

function OpeningCount() {
  const { data } = useOpenings();
  return <Count of={data?.length ?? 0} />;
}

function ExceptionCount() {
  const { data } = useExceptions(false);
  return <Count of={data?.pages.at(-1)?.open ?? 0} />;
}

function Count({ of }: { of: number }) {
  const t = useWords();
  return of > 0 ? <span className="count" title={t('console.waits', { count: of })}>{of}</span> : null;
}

function ConsoleMenu({ onSignOut }: { onSignOut: () => void }) {
  const t = useWords();
  const { staff, roles } = useSession();
  return (
    <Menu withInitialFocusPlaceholder={false} position="bottom-end" withinPortal width={290} shadow="md">
      <Menu.Target>
        <Button variant="default" className="user" data-testid="user-menu" rightSection={<IconChevronDown size={16} aria-hidden />}>
          <span className="user-name">{staff.name}<span className="user-role">{roles.map((role) => t.of('Role', role)).join(', ')}</span></span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item data-testid="own" leftSection={<IconUser size={18} aria-hidden />} onClick={() => go({ page: 'own' })}>{t('own.title')}</Menu.Item>
        <Menu.Item data-testid="sign-out" leftSection={<IconLogout size={18} aria-hidden />} onClick={onSignOut}>{t('console.signOut')}</Menu.Item>
        <Menu.Divider role="separator" />
        <Preferences />
      </Menu.Dropdown>
    </Menu>
  );
}

function ConsoleScreen({ route, isOpen }: { route: ConsoleRoute; isOpen: boolean }): ReactNode {
  const t = useWords();
  if (!isOpen) return <Page title={t('missing.title')}><Empty>{t('console.missing')}</Empty></Page>;
  switch (route.page) {
    case 'overview': return <OverviewPage />;
    case 'visits': return <VisitsPage key={href(route)} ask={{ of: route.of, from: route.from, to: route.to, department: route.department }} />;
    case 'takings': return <TakingsPage key={href(route)} ask={{ of: route.of, from: route.from, to: route.to, currency: route.currency }} />;
    case 'notices': return <NoticesPage key={route.patient} patient={route.patient ?? null} />;
    case 'held': return <HeldPage />;
    case 'heldOne': return <HeldOnePage key={route.hash} hash={route.hash} />;
    case 'conflicts': return <ConflictsPage key={href(route)} asked={route.narrow} />;
    case 'conflict': return <ConsoleConflictPage key={route.hash} hash={route.hash} />;
    case 'emergency': return <ConsoleEmergencyPage />;
    case 'devices': return <DevicesPage key={route.ward} ward={route.ward ?? null} />;
    case 'staff': return <StaffPage />;
    case 'staffNew': return <StaffNewPage />;
    case 'staffOne': return <StaffOnePage key={route.id} id={route.id} />;
    case 'wards': return <PlacesPage />;
    case 'prices': return <PricesPage />;
    case 'settings': return <SettingsPage />;
    case 'own': return <OwnPage />;
    case 'hours': return <HoursPage />;
    case 'doctor': return <DoctorPage key={route.id} id={route.id} />;
    case 'audit': return <ConsoleAuditPage />;
    case 'health': return <HealthPage />;
    case 'events': return <EventsPage />;
    case 'help': return <ConsoleHelpPage />;
    case 'runbook': return <RunbookPage key={route.name} name={route.name} />;
    case 'bills': return <BillsPage />;
    case 'bill': return <BillPage key={route.id} id={route.id} />;
    case 'account': return <AccountPage key={route.id} patient={route.id} />;
    case 'refunds': return <RefundsPage />;
    case 'ledger': return <LedgerPage />;
    case 'statement': return <StatementPage key={route.account} account={route.account} />;
    case 'exceptions': return <ExceptionsPage key={route.one} one={route.one ?? null} />;
    case 'claims': return <ClaimsPage />;
    case 'claim': return <ClaimPage key={route.id} id={route.id} />;
    case 'days': return <DaysPage />;
    case 'day': return <DayPage key={route.day} day={route.day} />;
    case 'roles': return <RolesPage />;
    case 'home':
    case 'missing': return null;
  }
}
