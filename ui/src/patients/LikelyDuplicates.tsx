import { useDebouncedValue } from '@mantine/hooks';
import { IconUsers } from '@tabler/icons-react';
import type { Patient } from '../backend/types.gen';
import type { RecordForm } from '../parts/form';
import { Notice } from '../parts/Notice';
import { Found } from '../parts/PatientSearch';
import { useSearch } from '../parts/queries';
import { href } from '../parts/route';
import { useWords } from '../parts/words';

/** Patients of the same name who are here already, while the name is typed. A hint, never a refusal. */
export function LikelyDuplicates({ form }: { form: RecordForm<Patient> }) {
  const t = useWords();
  const [first] = form.values.name;
  const typed = [first?.family, first?.given].map((part) => part?.trim() ?? '');
  const [text] = useDebouncedValue(typed.every((part) => part.length >= 2) ? typed.join(' ') : '', 150);
  const { rows } = useSearch(text, 4);
  const isShown = text !== '' && rows.length > 0;
  return (
    <div role="status">
      {isShown && (
        <Notice kind="warn" icon={<IconUsers size={20} aria-hidden />} title={t('register.duplicates', { count: rows.length })}>
          <ul>
            {rows.map((row) => <li key={row.id}><a href={href({ page: 'chart', id: row.id })}><Found row={row} /></a></li>)}
          </ul>
        </Notice>
      )}
    </div>
  );
}
