import { Combobox, TextInput, useCombobox } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useId, useRef, useState, type RefObject } from 'react';
import type { Row } from '../backend/types.gen';
import { bornText } from './Banner';
import { useChoices } from './choices';
import { useMay, useNames, useToday } from './context';
import { PersonName } from './PersonName';
import { useSearch } from './queries';
import { asPatient } from './records';
import { href } from './route';
import { useWords } from './words';

interface PatientSearchProps {
  onPicked: (row: Row) => void;
  label: string;
  isLabelShown?: boolean;
  testId?: string;
  input?: RefObject<HTMLInputElement | null>;
}

/** Finds a patient by name, number, phone or birth date as one types. The desk answers at once, so nothing spins. */
export function PatientSearch({ onPicked, label, isLabelShown = false, testId, input }: PatientSearchProps) {
  const t = useWords();
  const id = useId();
  const may = useMay();
  const list = useRef<HTMLDivElement>(null);
  const [text, setText] = useState('');
  const combobox = useCombobox();
  const { rows, isCurrent } = useSearch(text, 12);
  const { marked, press, forget } = useChoices({ text, items: rows, isCurrent, choose: open });
  const isOpen = combobox.dropdownOpened && text.trim() !== '';
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [marked?.id]);

  function open(row: Row) {
    setText('');
    combobox.closeDropdown();
    onPicked(row);
  }

  return (
    <Combobox store={combobox} withinPortal onOptionSubmit={(picked) => open(rows.find((row) => row.id === picked)!)}>
      <Combobox.Target withKeyboardNavigation={false} withAriaAttributes={false}>
        <TextInput
          ref={input} data-testid={testId} role="combobox" type="text" autoComplete="off" spellCheck={false} dir="auto"
          aria-haspopup="listbox" aria-expanded={isOpen} aria-controls={isOpen ? id : undefined}
          aria-activedescendant={isOpen && marked ? `${id}-${marked.id}` : undefined}
          label={isLabelShown ? label : undefined} aria-label={isLabelShown ? undefined : label} placeholder={t('search.hint')}
          leftSection={<IconSearch size={16} aria-hidden />} value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            combobox.openDropdown();
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') combobox.closeDropdown();
            if (isOpen ? press(event) : event.key === 'ArrowDown') combobox.openDropdown();
          }}
          onFocus={() => combobox.openDropdown()}
          onBlur={() => {
            forget();
            combobox.closeDropdown();
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={!isOpen}>
        <Combobox.Options ref={list} id={id} mah={360} className="scrolls" aria-label={label}>
          {rows.map((row) => <Combobox.Option key={row.id} id={`${id}-${row.id}`} value={row.id} selected={row === marked} aria-selected={row === marked}><Found row={row} /></Combobox.Option>)}
          {isCurrent && rows.length === 0 && <Combobox.Empty>{t('search.none')}</Combobox.Empty>}
        </Combobox.Options>
        {isCurrent && rows.length === 0 && may.breakGlass && (
          // the box keeps the focus until the press is done
          <a className="search-elsewhere" data-testid="search-emergency" href={href({ page: 'emergency' })} onMouseDown={(event) => event.preventDefault()} onClick={() => { setText(''); combobox.closeDropdown(); }}>{t('emergency.notHere')}</a>
        )}
      </Combobox.Dropdown>
    </Combobox>
  );
}

export function Found({ row }: { row: Row }) {
  const t = useWords();
  const today = useToday();
  const names = useNames();
  const patient = asPatient(row.body);
  return (
    <span className="found">
      <strong><PersonName patient={patient} /></strong>
      <span className="found-facts">
        {[bornText(patient, today, t), patient.mrn, patient.bed ?? names.ward(patient.ward)].filter(Boolean).join(' · ')}
      </span>
    </span>
  );
}
