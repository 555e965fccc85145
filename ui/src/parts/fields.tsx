import { Autocomplete, Checkbox, NativeSelect, Text, TextInput, Textarea } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { readTyped, showDate } from './dates';
import type { RecordForm } from './form';
import { useWords } from './words';

/** Fields of a form, each bound to a path of the record: label, value, problem beside it. */

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a field does not care which record it edits
type AnyForm = RecordForm<any>;

interface FieldProps {
  form: AnyForm;
  path: string;
  label: string;
  description?: ReactNode;
  isRequired?: boolean;
  isDisabled?: boolean;
}

export function fieldId(path: string): string {
  return `field-${path.replaceAll('/', '-')}`;
}

function useField({ form, path, label, description, isRequired, isDisabled }: FieldProps) {
  const t = useWords();
  const problem = form.problemAt(path);
  return {
    id: fieldId(path), label, description, disabled: isDisabled, withAsterisk: isRequired,
    error: problem ? t.problem(problem) : undefined,
    'aria-required': isRequired || undefined,
  };
}

function textOf(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}

export function TextField(props: FieldProps & { placeholder?: string; inputMode?: 'numeric' | 'decimal' | 'tel'; dir?: 'auto'; tidy?: (text: string) => string }) {
  const field = useField(props);
  const { form, path, placeholder, inputMode, dir, tidy } = props;
  return (
    <TextInput
      {...field} placeholder={placeholder} inputMode={inputMode} dir={dir} autoComplete="off"
      value={textOf(form.at(path))}
      onChange={(event) => form.setAt(path, (tidy ? tidy(event.currentTarget.value) : event.currentTarget.value) || null)}
    />
  );
}

export function NumberField(props: FieldProps) {
  const field = useField(props);
  const { form, path } = props;
  return (
    <TextInput
      {...field} inputMode="numeric" autoComplete="off"
      value={textOf(form.at(path))}
      onChange={(event) => {
        const digits = event.currentTarget.value.replace(/\D/g, '').slice(0, 6);
        form.setAt(path, digits ? Number(digits) : null);
      }}
    />
  );
}

export function AreaField(props: FieldProps & { minRows?: number }) {
  const field = useField(props);
  const { form, path, minRows = 2 } = props;
  return (
    <Textarea
      {...field} autosize minRows={minRows} maxRows={12} dir="auto"
      value={textOf(form.at(path))}
      onChange={(event) => form.setAt(path, event.currentTarget.value)}
    />
  );
}

export interface Choice { value: string; label: string; disabled?: boolean }

export function ChoiceField(props: FieldProps & { choices: Choice[]; blank?: string; onPicked?: (value: string | null) => void }) {
  const field = useField(props);
  const { form, path, choices, blank, onPicked } = props;
  const data = blank === undefined ? choices : [{ value: '', label: blank }, ...choices];
  return (
    <NativeSelect
      {...field} data={data} value={textOf(form.at(path))}
      onChange={(event) => {
        const value = event.currentTarget.value || null;
        if (onPicked) onPicked(value);
        else form.setAt(path, value);
      }}
    />
  );
}

export function CheckField(props: FieldProps) {
  const { id, label, description, disabled, error } = useField(props);
  const { form, path } = props;
  return (
    <Checkbox
      id={id} label={label} description={description} disabled={disabled} error={error}
      checked={form.at(path) === true}
      onChange={(event) => form.setAt(path, event.currentTarget.checked ? true : null)}
    />
  );
}

/** A text with suggestions; anything else may be typed too. */
export function SuggestField(props: FieldProps & { suggestions: string[] }) {
  const field = useField(props);
  const { form, path, suggestions } = props;
  const warnings = form.warningsAt(path);
  const t = useWords();
  return (
    <div>
      <Autocomplete
        {...field} data={suggestions} limit={12} maxDropdownHeight={260}
        value={textOf(form.at(path))}
        onChange={(value) => form.setAt(path, value || null)}
      />
      <div aria-live="polite">
        {warnings.map((warning) => (
          <Text key={JSON.stringify(warning)} size="sm" className="warning-text" mt={4}>
            <IconAlertTriangle size={16} aria-hidden /> {t.problem(warning)}
          </Text>
        ))}
      </div>
    </div>
  );
}

/** A date typed as people say it; shown back so that day and month cannot be mixed up. May be partial. */
export function DateField(props: FieldProps) {
  const t = useWords();
  const { form, path } = props;
  const value = textOf(form.at(path));
  const shown = value ? showDate(value, t.months) : '';
  const [typed, setTyped] = useState<string | null>(null);
  const isRead = /^\d{4}(-\d{2}){0,2}$/.test(value);
  const field = useField({ ...props, description: typed !== null && isRead ? t('form.dateRead', { date: shown }) : (props.description ?? t('form.dateHint')) });
  return (
    <TextInput
      {...field} inputMode="text" autoComplete="off" value={typed ?? shown}
      onChange={(event) => {
        const text = event.currentTarget.value;
        setTyped(text);
        form.setAt(path, text.trim() === '' ? null : (readTyped(text, t.months) ?? text));
      }}
      onBlur={() => setTyped(null)}
    />
  );
}
