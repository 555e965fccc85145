import { useMemo } from 'react';
import type { Prescription, Row } from '../backend/types.gen';
import { Banner } from '../parts/Banner';
import { useMay } from '../parts/context';
import { TextField } from '../parts/fields';
import { useRecordForm } from '../parts/form';
import { FormPage } from '../parts/FormPage';
import { asPrescription } from '../parts/records';
import { go } from '../parts/route';
import { toast } from '../parts/toast';
import { useWords } from '../parts/words';
import { doseText } from '../parts/dose';

/** Stops a prescription, with a reason. It stays on the chart. */
export function StopForm({ row, patient }: { row: Row; patient: Row }) {
  const t = useWords();
  const initial = useMemo(() => asPrescription(row.body), [row]);
  const form = useRecordForm<Prescription>({ key: `stop:${row.id}`, kind: 'prescription', route: { page: 'stop', id: row.id }, title: t('stop.title'), row, initial });
  const mayWrite = useMay().write('prescription', 'status');

  async function submit() {
    if (!(await form.submit({ status: 'stopped' }))) return;
    toast(t('saved.here'));
    go({ page: 'chart', id: patient.id });
  }

  return (
    <FormPage form={form} title={t('stop.title')} banner={<Banner row={patient} isLink />} back={{ page: 'chart', id: patient.id }} submitLabel={t('stop.submit')} submitId="stop-submit" isBarred={mayWrite ? null : t('may.notPrescribe')} onSubmit={() => void submit()}>
      <fieldset className="section">
        <legend>{t('stop.what')}</legend>
        <ul className="medicines">{initial.line.map((line) => <li key={line.id}><strong><bdi>{line.medicine}</bdi></strong> {doseText(line, t)}</li>)}</ul>
        <div className="narrow"><TextField form={form} path="stopReason" label={t('field.stopReason')} isRequired /></div>
      </fieldset>
    </FormPage>
  );
}
