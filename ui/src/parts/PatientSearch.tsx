import { Combobox, TextInput, useCombobox } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState, type RefObject } from 'react';
import type { Row } from '../backend/types.gen';
import { bornText } from './Banner';
import { useNames, useToday } from './context';
import { PersonName } from './PersonName';
import { useSearch } from './queries';
import { asPatient } from './records';
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
  const [text, setText] = useState('');
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const { data: rows = [] } = useSearch(text, 12);
  const isAsked = text.trim().length > 0;
  const first = rows[0]?.id;
  useEffect(() => {
    if (first) combobox.selectFirstOption();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the store is a new object on every render
  }, [first, text]);
  return (
    <Combobox
      store={combobox} withinPortal
      onOptionSubmit={(id) => {
        const row = rows.find((one) => one.id === id);
        if (!row) return;
        setText('');
        combobox.closeDropdown();
        onPicked(row);
      }}
    >
      <Combobox.Target withExpandedAttribute>
        <TextInput
          ref={input} data-testid={testId} role="combobox" type="text" autoComplete="off" spellCheck={false} dir="auto"
          label={isLabelShown ? label : undefined} aria-label={isLabelShown ? undefined : label} placeholder={t('search.hint')}
          leftSection={<IconSearch size={16} aria-hidden />} value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            combobox.openDropdown();
          }}
          onFocus={() => isAsked && combobox.openDropdown()}
          onBlur={() => combobox.closeDropdown()}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={!isAsked}>
        <Combobox.Options mah={360} className="scrolls" aria-label={label}>
          {rows.map((row) => <Combobox.Option key={row.id} value={row.id}><Found row={row} /></Combobox.Option>)}
          {rows.length === 0 && <Combobox.Empty>{t('search.none')}</Combobox.Empty>}
        </Combobox.Options>
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
