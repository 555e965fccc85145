import { ActionIcon, Button, SimpleGrid } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { Held, Line, Prescription, Row } from '../backend/types.gen';
import { Banner } from '../parts/Banner';
import { useBackend, useMay, useReference, useSession } from '../parts/context';
import { AreaField, CheckField, ChoiceField, NumberField, SuggestField, TextField } from '../parts/fields';
import { useRecordForm, type RecordForm } from '../parts/form';
import { FormPage } from '../parts/FormPage';
import { isTemporary, temporaryId } from '../parts/ids';
import { asPrescription, emptyLine, emptyPrescription } from '../parts/records';
import { go } from '../parts/route';
import { toast, toastProblem } from '../parts/toast';
import { useWords } from '../parts/words';

type Form = RecordForm<Prescription>;
interface PrescribeFormProps { patient: Row; row?: Row | null; held?: Held | null }

/** Writes a prescription, edits one, or puts held work right. Saving and signing are two acts, or one. */
export function PrescribeForm({ patient, row = null, held = null }: PrescribeFormProps) {
  const t = useWords();
  const backend = useBackend();
  const { ward } = useSession();
  const blank = useMemo(() => ({ ...emptyPrescription, patient: patient.id, ward, line: [{ ...emptyLine, id: temporaryId() }] }), [patient.id, ward]);
  const initial = useMemo(() => (row ? asPrescription(row.body) : blank), [row, blank]);
  const form = useRecordForm<Prescription>({
    key: held ? `held:${held.id}` : row ? `prescription:${row.id}` : `prescribe:${patient.id}`, kind: 'prescription', keeps: ['line'],
    route: held ? { page: 'heldForm', id: held.id } : row ? { page: 'prescription', id: row.id } : { page: 'prescribe', id: patient.id },
    title: row ? t('prescription.editTitle') : t('prescribe.title'), row, initial, held, heldValues: held ? asPrescription(held.draft) : undefined,
  });
  const mayWrite = useMay().write('prescription', 'line');

  async function submit({ isSigned }: { isSigned: boolean }) {
    const authored = form.values.authoredOn ? {} : { authoredOn: new Date().toISOString().replace(/\.\d+Z$/, 'Z') };
    // a draft may be unfinished; what is missing for a signature is said here, beside its field
    const saved = await form.submit(authored, isSigned ? { status: 'active' } : {});
    if (!saved) return;
    const answer = isSigned ? await backend.sign(saved.id, saved.heads) : null;
    if (answer?.outcome === 'problems') toastProblem(answer.problems.map((problem) => t.problem(problem)).join(' '));
    else toast(t(isSigned ? 'saved.signed' : 'saved.draft'));
    go({ page: 'chart', id: patient.id });
  }

  return (
    <FormPage
      form={form} title={held ? t('held.editTitle') : row ? t('prescription.editTitle') : t('prescribe.title')} banner={<Banner row={patient} isLink />}
      back={{ page: 'chart', id: patient.id }} submitLabel={t('prescribe.draft')} submitId="prescribe-submit" isBarred={mayWrite ? null : t('may.notPrescribe')}
      onSubmit={() => void submit({ isSigned: false })}
      moreButtons={<Button data-testid="prescribe-sign" disabled={!mayWrite} onClick={() => void submit({ isSigned: true })}>{t('prescribe.sign')}</Button>}
    >
      {row?.standing === 'signed' && <p className="notice notice-held">{t('prescription.unsigns')}</p>}
      {form.values.line.map((line, n) => <LineFields key={line.id} form={form} line={line} n={n + 1} />)}
      <Button variant="subtle" mb="sm" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => form.set({ line: [...form.values.line, { ...emptyLine, id: temporaryId() }] })}>{t('add.line')}</Button>
      <AreaField form={form} path="notes" label={t('field.notes')} />
    </FormPage>
  );
}

const units = ['mg', 'mcg', 'g', 'mL', 'units', 'tablet', 'capsule', 'drop', 'puff', 'sachet', 'patch', 'mmol'] as const;
const routes = ['oral', 'intravenous', 'intramuscular', 'subcutaneous', 'inhaled', 'topical', 'rectal', 'sublingual', 'nasal', 'eye', 'ear', 'vaginal', 'transdermal'] as const;
const frequencies = ['once', 'QD', 'BID', 'TID', 'QID', 'AM', 'PM', 'BED', 'Q4H', 'Q6H', 'Q8H', 'Q12H', 'QOD', 'WK', 'MO'] as const;

function LineFields({ form, line, n }: { form: Form; line: Line; n: number }) {
  const t = useWords();
  const { medicines } = useReference();
  const at = (member: string) => `line/${line.id}/${member}`;
  if (line.ended) return <p className="line-struck">{line.medicine} · {t('form.past')}</p>;
  return (
    <fieldset className="section">
      <legend>{t('one.line', { n })}</legend>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 6 }} spacing="sm" className="line-grid">
        <SuggestField form={form} path={at('medicine')} label={t('field.line.medicine')} suggestions={medicines} isRequired />
        <TextField form={form} path={at('dose')} label={t('field.line.dose')}  inputMode="decimal" placeholder="2.5" tidy={(text) => text.replace(',', '.')} isRequired />
        <ChoiceField form={form} path={at('unit')} label={t('field.line.unit')} choices={units.map((value) => ({ value, label: t(`Unit.${value}`) }))} isRequired />
        <ChoiceField form={form} path={at('route')} label={t('field.line.route')} choices={routes.map((value) => ({ value, label: t(`Route.${value}`) }))} isRequired />
        <ChoiceField form={form} path={at('frequency')} label={t('field.line.frequency')} choices={frequencies.map((value) => ({ value, label: t(`Frequency.${value}`) }))} isRequired />
        <NumberField form={form} path={at('days')} label={t('field.line.days')} description={t('line.daysHint')} />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm" mt="sm">
        <TextField form={form} path={at('instructions')} label={t('field.line.instructions')} />
        <div className="check-in-row"><CheckField form={form} path={at('prn')} label={t('line.prnOnly')} /></div>
        {line.prn && <TextField form={form} path={at('prnReason')} label={t('field.line.prnReason')} />}
      </SimpleGrid>
      <RemoveLine form={form} line={line} n={n} />
    </fieldset>
  );
}

/** A new line goes away; one that was saved is marked as ended, so that what was given stays readable. */
function RemoveLine({ form, line, n }: { form: Form; line: Line; n: number }) {
  const t = useWords();
  if (form.values.line.filter((one) => !one.ended).length < 2) return null;
  const remove = () => form.set({
    line: isTemporary(line.id)
      ? form.values.line.filter((one) => one.id !== line.id)
      : form.values.line.map((one) => (one.id === line.id ? { ...one, ended: new Date().toISOString().replace(/\.\d+Z$/, 'Z') } : one)),
  });
  const label = t('form.remove', { what: t('one.line', { n }) });
  return <ActionIcon className="section-remove" variant="subtle" color="gray" size="lg" aria-label={label} title={label} onClick={remove}><IconTrash size={18} aria-hidden /></ActionIcon>;
}
