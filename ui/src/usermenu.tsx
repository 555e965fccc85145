import { Button, Menu } from '@mantine/core';
import { IconCheck, IconChevronDown, IconCommand, IconHelp, IconKeyboard, IconLanguage, IconLock, IconMoon, IconRowInsertBottom, IconShieldCheck, IconSwitchHorizontal, IconTable } from '@tabler/icons-react';
import { useMay, useSession } from './parts/context';
import { setPrefs, usePrefs } from './parts/prefs';
import { go } from './parts/route';
import { languages, useWords, type Language } from './parts/words';

interface UserMenuProps { onSwitchUser: () => void; onLock: () => void; onKeys: () => void; onPalette: () => void }

/** Who is signed in, and how they like the window. */
export function UserMenu({ onSwitchUser, onLock, onKeys, onPalette }: UserMenuProps) {
  const t = useWords();
  const { staff, roles } = useSession();
  const may = useMay();
  return (
    <Menu withInitialFocusPlaceholder={false} position="bottom-end" withinPortal width={290} shadow="md">
      <Menu.Target>
        <Button variant="default" className="user" data-testid="user-menu" rightSection={<IconChevronDown size={16} aria-hidden />}>
          <span className="user-name">{staff.name}<span className="user-role">{roles.map((role) => t.of('Role', role)).join(', ')}</span></span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item data-testid="switch-user" leftSection={<IconSwitchHorizontal size={18} aria-hidden />} onClick={onSwitchUser}>{t('user.switch')}</Menu.Item>
        <Menu.Item leftSection={<IconLock size={18} aria-hidden />} onClick={onLock}>{t('user.lock')}</Menu.Item>
        <Menu.Divider role="separator" />
        <Preferences />
        <Menu.Divider role="separator" />
        <Menu.Item leftSection={<IconCommand size={18} aria-hidden />} onClick={onPalette}>{t('key.palette')}</Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={18} aria-hidden />} onClick={onKeys}>{t('help.keys')}</Menu.Item>
        {may.readAudit && <Menu.Item data-testid="menu-audit" leftSection={<IconShieldCheck size={18} aria-hidden />} onClick={() => go({ page: 'audit' })}>{t('auditing.title')}</Menu.Item>}
        <Menu.Item data-testid="menu-roles" leftSection={<IconTable size={18} aria-hidden />} onClick={() => go({ page: 'roles' })}>{t('roles.title')}</Menu.Item>
        <Menu.Item leftSection={<IconHelp size={18} aria-hidden />} onClick={() => go({ page: 'help' })}>{t('help.title')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

const schemes = { auto: 'light', light: 'dark', dark: 'auto' } as const;

/** How somebody likes the window. */
export function Preferences() {
  const t = useWords();
  const prefs = usePrefs();
  const other: Language = prefs.language === 'en' ? 'fr' : 'en';
  return (
    <>
      <Menu.Item data-testid="toggle-language" lang={other} closeMenuOnClick={false} leftSection={<IconLanguage size={18} aria-hidden />} onClick={() => setPrefs({ language: other })}>{languages[other]}</Menu.Item>
      <Menu.Item data-testid="toggle-scheme" closeMenuOnClick={false} leftSection={<IconMoon size={18} aria-hidden />} onClick={() => setPrefs({ scheme: schemes[prefs.scheme] })}>{t(`scheme.${prefs.scheme}`)}</Menu.Item>
      <Menu.Item data-testid="toggle-density" closeMenuOnClick={false} leftSection={<IconRowInsertBottom size={18} aria-hidden />} onClick={() => setPrefs({ density: prefs.density === 'compact' ? 'comfortable' : 'compact' })}>{t(`density.${prefs.density}`)}</Menu.Item>
      <Menu.Item closeMenuOnClick={false} leftSection={prefs.letterKeys ? <IconCheck size={18} aria-hidden /> : <IconKeyboard size={18} aria-hidden />} onClick={() => setPrefs({ letterKeys: !prefs.letterKeys })}>{t(prefs.letterKeys ? 'letterKeys.on' : 'letterKeys.off')}</Menu.Item>
    </>
  );
}
