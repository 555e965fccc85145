import { Modal, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useId, useRef, useState, type RefObject } from 'react';
import { bornText } from './parts/Banner';
import { useChoices } from './parts/choices';
import { useMay, useToday } from './parts/context';
import { useSearch } from './parts/queries';
import { asPatient, nameText, shownName } from './parts/records';
import { go, type Route } from './parts/route';
import { useWords, type Word } from './parts/words';

interface Acts { patient: string | null; onKeys: () => void; onSwitchUser: () => void; onLock: () => void }
interface PaletteProps extends Acts { isOpen: boolean; onClose: () => void }
interface Item { id: string; label: string; facts?: string; act: () => void }

/** Every act and every patient, found by typing. */
export function Palette({ isOpen, onClose, ...acts }: PaletteProps) {
  const t = useWords();
  const box = useRef<HTMLInputElement>(null);
  // within the key press that opens it: the kit waits for a timer, and what is typed meanwhile would go elsewhere
  useEffect(() => {
    if (!isOpen) return;
    const before = document.activeElement as HTMLElement | null;
    box.current?.focus();
    return () => {
      if (document.activeElement === document.body) before?.focus({ preventScroll: true });
    };
  }, [isOpen]);
  return (
    <Modal.Root opened={isOpen} onClose={onClose} size={600} yOffset={80} returnFocus={false} transitionProps={{ duration: 0 }}>
      <Modal.Overlay backgroundOpacity={0.35} />
      <Modal.Content aria-label={t('key.palette')}>
        <Choices box={box} onClose={onClose} {...acts} />
      </Modal.Content>
    </Modal.Root>
  );
}

function Choices({ box, onClose, ...others }: Acts & { box: RefObject<HTMLInputElement | null>; onClose: () => void }) {
  const t = useWords();
  const id = useId();
  const may = useMay();
  const list = useRef<HTMLDivElement>(null);
  const [text, setText] = useState('');
  const { people, isCurrent } = usePeople(text);
  const acts = useActs(others).filter(({ label }) => label.toLocaleLowerCase().includes(text.trim().toLocaleLowerCase()));
  const isStranger = isCurrent && people.length === 0 && acts.length === 0;
  const elsewhere = isStranger && may.breakGlass ? [{ id: 'elsewhere', label: t('emergency.notHere'), act: () => go({ page: 'emergency' }) }] : [];
  const items = [...acts, ...people, ...elsewhere];
  const { marked, press } = useChoices({ text, items, isCurrent: isCurrent || acts.length > 0, choose });
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [marked?.id]);

  function choose({ act }: Item) {
    onClose();
    act();
  }

  const group = (title: Word, of: Item[]) => of.length > 0 && (
    <div role="group" aria-label={t(title)}>
      <div className="palette-group" role="presentation">{t(title)}</div>
      {of.map((item) => (
        // the keyboard is the box's
        <div key={item.id} id={`${id}-${item.id}`} role="option" aria-selected={item === marked} className="palette-item" onMouseDown={(event) => event.preventDefault()} onClick={() => choose(item)}>
          {item.label}{item.facts && <span className="found-facts">{item.facts}</span>}
        </div>
      ))}
    </div>
  );
  return (
    <>
      <TextInput
        ref={box} size="md" variant="unstyled" className="palette-box" type="text" autoComplete="off" spellCheck={false} dir="auto" leftSection={<IconSearch size={18} aria-hidden />}
        role="combobox" aria-haspopup="listbox" aria-expanded aria-controls={id} aria-activedescendant={marked ? `${id}-${marked.id}` : undefined}
        aria-label={t('palette.hint')} placeholder={t('palette.hint')} value={text} onChange={(event) => setText(event.currentTarget.value)} onKeyDown={press}
      />
      <div ref={list} id={id} role="listbox" aria-label={t('key.palette')} className="palette-list" tabIndex={-1}>
        {group('palette.acts', acts)}
        {group('palette.patients', people)}
        {group('palette.acts', elsewhere)}
      </div>
      {isStranger && <p className="palette-group" role="status">{t('search.none')}</p>}
    </>
  );
}

/** Whoever was found for an older text is not offered: nothing here may open somebody who was not asked for. */
function usePeople(text: string): { people: Item[]; isCurrent: boolean } {
  const t = useWords();
  const today = useToday();
  const { rows, isCurrent } = useSearch(text, 6);
  const people = (isCurrent ? rows : []).map((row) => {
    const person = asPatient(row.body);
    return { id: row.id, label: nameText(shownName(person)), facts: [bornText(person, today, t), person.mrn].filter(Boolean).join(' · '), act: () => go({ page: 'chart', id: row.id }) };
  });
  return { people, isCurrent };
}

function useActs({ patient, onKeys, onSwitchUser, onLock }: Acts): Item[] {
  const t = useWords();
  const may = useMay();
  const to = (id: Word, route: Route, isAllowed = true) => (isAllowed ? [{ id, label: t(id), act: () => go(route) }] : []);
  return [
    ...to('key.today', { page: 'today', date: null }), ...to('key.diary', { page: 'diary', days: 1, date: null, whom: null, moving: null }), ...to('key.board', { page: 'board', department: null }), ...to('key.patients', { page: 'patients' }), ...to('key.cashier', { page: 'cashier', id: patient }, may.takeMoney), ...to('key.sync', { page: 'waiting' }),
    ...to('rebook.title', { page: 'rebooking' }), ...to('unresolved.title', { page: 'unresolved' }),
    ...to('key.register', { page: 'register' }, may.write('patient', 'name')),
    ...to('key.book', { page: 'book', id: patient }, may.write('appointment', 'start')),
    ...to('key.walkIn', { page: 'walkIn', id: patient }, may.write('appointment', 'start')),
    ...(patient ? to('key.prescribe', { page: 'prescribe', id: patient }, may.write('prescription', 'line')) : []),
    ...to('emergency.title', { page: 'emergency' }, may.breakGlass), ...to('review.title', { page: 'emergencyReview' }, may.reviewEmergency),
    ...to('tab.held', { page: 'held' }), ...to('tab.conflicts', { page: 'conflicts' }), ...to('tab.shutdown', { page: 'shutdown' }), ...to('auditing.title', { page: 'audit' }, may.readAudit), ...to('roles.title', { page: 'roles' }), ...to('help.title', { page: 'help' }),
    { id: 'keys', label: t('help.keys'), act: onKeys },
    { id: 'switch', label: t('user.switch'), act: onSwitchUser },
    { id: 'lock', label: t('user.lock'), act: onLock },
  ];
}
