import { Spotlight, type SpotlightActionData } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { useMay, useToday } from './parts/context';
import { bornText } from './parts/Banner';
import { useSearch } from './parts/queries';
import { asPatient, nameText, shownName } from './parts/records';
import { go, type Route } from './parts/route';
import { useWords, type Word } from './parts/words';

interface PaletteProps { patient: string | null; onKeys: () => void; onSwitchUser: () => void; onLock: () => void }

/** Every act and every patient, found by typing. */
export function Palette({ patient, onKeys, onSwitchUser, onLock }: PaletteProps) {
  const t = useWords();
  const today = useToday();
  const [query, setQuery] = useState('');
  const { data: rows = [] } = useSearch(query, 6);
  const acts = useActs(patient, { onKeys, onSwitchUser, onLock })
    .filter(({ label }) => String(label).toLocaleLowerCase().includes(query.trim().toLocaleLowerCase()));
  const people: SpotlightActionData[] = query.trim() === '' ? [] : rows.map((row) => {
    const person = asPatient(row.body);
    return { id: row.id, label: nameText(shownName(person)), description: [bornText(person, today, t), person.mrn].filter(Boolean).join(' · '), onClick: () => go({ page: 'chart', id: row.id }) };
  });
  return (
    <Spotlight
      actions={[{ group: t('palette.acts'), actions: acts }, { group: t('palette.patients'), actions: people }]}
      filter={(_query, actions) => actions} query={query} onQueryChange={setQuery} shortcut="mod + K" tagsToIgnore={[]} scrollable maxHeight={420} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}
      nothingFound={t('search.none')} searchProps={{ leftSection: <IconSearch size={18} aria-hidden />, placeholder: t('palette.hint'), 'aria-label': t('palette.hint') }}
    />
  );
}

function useActs(patient: string | null, others: Omit<PaletteProps, 'patient'>): SpotlightActionData[] {
  const t = useWords();
  const may = useMay();
  const to = (id: Word, route: Route, isAllowed = true) => (isAllowed ? [{ id, label: t(id), onClick: () => go(route) }] : []);
  return [
    ...to('key.today', { page: 'today', date: null }), ...to('key.patients', { page: 'patients' }), ...to('key.sync', { page: 'waiting' }),
    ...to('key.register', { page: 'register' }, may.write('patient', 'name')),
    ...to('key.book', { page: 'book', id: patient }, may.write('appointment', 'start')),
    ...(patient ? to('key.prescribe', { page: 'prescribe', id: patient }, may.write('prescription', 'line')) : []),
    ...to('tab.held', { page: 'held' }), ...to('tab.conflicts', { page: 'conflicts' }), ...to('tab.shutdown', { page: 'shutdown' }), ...to('help.title', { page: 'help' }),
    { id: 'keys', label: t('help.keys'), onClick: others.onKeys },
    { id: 'switch', label: t('user.switch'), onClick: others.onSwitchUser },
    { id: 'lock', label: t('user.lock'), onClick: others.onLock },
  ];
}
