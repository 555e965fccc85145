import { useDebouncedValue } from '@mantine/hooks';
import { IconUsers } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { Likely, Patient, Reason } from '../backend/types.gen';
import { wholeDraft } from '../parts/changes';
import type { RecordForm } from '../parts/form';
import { Notice } from '../parts/Notice';
import { Found } from '../parts/PatientSearch';
import { useLikely, useSearch } from '../parts/queries';
import { href } from '../parts/route';
import { useWords } from '../parts/words';

/** Who is here already and may be the person being registered, with the reasons; as long as the form says too little for that, those of the same name. A hint, never a refusal. */
export function LikelyDuplicates({ form }: { form: RecordForm<Patient> }) {
  const t = useWords();
  const draft = useMemo(() => whoTheyAre(form.values), [form.values]);
  // as text, so that what says nothing about who they are asks nothing
  const [asked] = useDebouncedValue(JSON.stringify(draft), 150);
  const likely = useLikely(useMemo(() => JSON.parse(asked) as unknown, [asked]));
  if (likely.length === 0) return <SameName form={form} />;
  return (
    <div role="status">
      <Notice kind="warn" icon={<IconUsers size={20} aria-hidden />} title={t('register.likely', { count: likely.length })} testId="likely">
        <ul>{likely.map((one) => <li key={one.row.id}><One {...one} /></li>)}</ul>
      </Notice>
    </div>
  );
}

/** What of a form says who somebody is. */
function whoTheyAre({ name, birthDate, gender, nationalId, telecom, address, contact }: Patient) {
  return wholeDraft({ name, birthDate, gender, nationalId, telecom, address, contact });
}

function One({ row, likeness }: Likely) {
  const t = useWords();
  const said = (reasons: Reason[]) => reasons.map((reason) => t(`Reason.${reason}`)).join(', ');
  return (
    <>
      <a href={href({ page: 'chart', id: row.id })}><Found row={row} /></a>
      <p>
        <strong>{t(`Grade.${likeness.grade}`)}</strong>
        {': '}{said(likeness.reasons)}.{' '}
        {likeness.against.length > 0 && t('register.against', { reasons: said(likeness.against) })}
      </p>
    </>
  );
}

function SameName({ form }: { form: RecordForm<Patient> }) {
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
