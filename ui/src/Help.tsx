import { Kbd, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Card } from './parts/Card';
import { useBackend, useSession } from './parts/context';
import { Page } from './parts/Page';
import { useWords, type Word } from './parts/words';

export const shortcuts: readonly (readonly [string, Word])[] = [
  ['/', 'key.search'], ['Ctrl+K', 'key.palette'], ['g t', 'key.today'], ['g d', 'key.diary'], ['g b', 'key.board'], ['g p', 'key.patients'], ['g c', 'key.cashier'], ['g s', 'key.sync'],
  ['n', 'key.register'], ['b', 'key.book'], ['r', 'key.prescribe'], ['Ctrl+Z', 'key.undo'], ['Ctrl+P', 'key.print'],
  ['?', 'key.help'], ['Esc', 'key.escape'],
];

export function ShortcutTable() {
  const t = useWords();
  return (
    <table className="table keys">
      <tbody>
        {shortcuts.map(([keys, word]) => (
          <tr key={keys}><th scope="row">{keys.split(' ').map((key) => <Kbd key={key} mr={4}>{key}</Kbd>)}</th><td>{t(word)}</td></tr>
        ))}
      </tbody>
    </table>
  );
}

/** Help in one place: what the signs mean, what the keys do. */
export function HelpPage() {
  const t = useWords();
  const backend = useBackend();
  const { idleMinutes } = useSession();
  const { data: desk } = useQuery({ queryKey: ['desk'], queryFn: () => backend.desk() });
  return (
    <Page title={t('help.title')}>
      <div className="chart-grid">
        <Card title={t('help.states')}>
          <dl className="facts">
            {(['saved', 'sent', 'accepted', 'held', 'conflict'] as const).map((state) => <div key={state}><dt>{t(`state.${state}`)}</dt><dd>{t(`help.${state}`)}</dd></div>)}
          </dl>
        </Card>
        <Card title={t('help.keys')}><ShortcutTable /></Card>
        <Card title={t('help.lock')}><Text size="sm">{t('help.lockAfter', { minutes: idleMinutes })}</Text></Card>
        <Card title={t('help.keychain')}>{desk?.keychain && <Text size="sm" data-testid="help-keychain">{t(`keychain.${desk.keychain}`)}</Text>}</Card>
      </div>
    </Page>
  );
}
