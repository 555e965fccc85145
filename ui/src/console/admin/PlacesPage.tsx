import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import type { DepartmentDraft, DepartmentLine, InUse, Places, WardDraft, WardLine } from '../../backend/types.gen';
import { Card } from '../../parts/Card';
import { Empty } from '../../parts/Empty';
import { Page } from '../../parts/Page';
import { toast } from '../../parts/toast';
import { useMoment } from '../../parts/useTime';
import { useWords } from '../../parts/words';
import { Loaded, useConsole } from '../context';
import { Found, Moved } from './parts';
import { useDraft, usePlaces, useSentence } from './queries';

/** Wards and departments: what they are called, which ward runs whose diary, and which were closed. */
export function PlacesPage() {
  const t = useWords();
  const query = usePlaces();
  return (
    <Page title={t('console.wards')}>
      <p className="page-note">{t('places.explain')}</p>
      <Loaded query={query}>{(places) => <><Wards places={places} /><Departments places={places} /></>}</Loaded>
    </Page>
  );
}

/** Which line is open as a form: its id, `new`, or none. */
type Open = string | null;

function Wards({ places: { wards } }: { places: Places }) {
  const t = useWords();
  const [open, setOpen] = useState<Open>(null);
  return (
    <Card title={t('places.wards')} action={<Button size="compact-sm" variant="default" data-testid="ward-new" onClick={() => setOpen('new')}>{t('places.addWard')}</Button>}>
      {open === 'new' && <WardForm key="new" line={null} onDone={() => setOpen(null)} />}
      {wards.length === 0 && <Empty>{t('places.noWards')}</Empty>}
      <ul className="lines">
        {wards.map((line) => (
          <li key={line.ward.id} data-testid="ward" data-open={line.closed === null}>
            {open === line.ward.id
              ? <WardForm line={line} onDone={() => setOpen(null)} />
              : <Line name={line.ward.name} closed={line.closed} facts={<Uses inUse={line.inUse} />} onOpen={() => setOpen(line.ward.id)} />}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Departments({ places: { wards, departments } }: { places: Places }) {
  const t = useWords();
  const [open, setOpen] = useState<Open>(null);
  const nameOf = (id: string) => wards.find(({ ward }) => ward.id === id)?.ward.name ?? '';
  const hasWard = wards.some(({ closed }) => closed === null);
  return (
    <Card title={t('places.departments')} action={hasWard && <Button size="compact-sm" variant="default" data-testid="department-new" onClick={() => setOpen('new')}>{t('places.addDepartment')}</Button>}>
      {open === 'new' && <DepartmentForm key="new" line={null} wards={wards} onDone={() => setOpen(null)} />}
      {departments.length === 0 && <Empty>{t('places.noDepartments')}</Empty>}
      <ul className="lines">
        {departments.map((line) => (
          <li key={line.department.id} data-testid="department" data-open={line.closed === null}>
            {open === line.department.id
              ? <DepartmentForm line={line} wards={wards} onDone={() => setOpen(null)} />
              : <Line name={line.department.name} closed={line.closed} facts={<>{t('places.of', { ward: nameOf(line.department.ward) })}<Uses inUse={line.inUse} /></>} onOpen={() => setOpen(line.department.id)} />}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Line({ name, closed, facts, onOpen }: { name: string; closed: string | null; facts: ReactNode; onOpen: () => void }) {
  const t = useWords();
  const moment = useMoment();
  return (
    <div className="line-row">
      <div>
        <strong><bdi>{name}</bdi></strong> {closed && <span className="mark mark-held">{t('places.closedSince', { at: moment(closed) })}</span>}
        <span className="line-facts">{facts}</span>
      </div>
      <Button size="compact-sm" variant="default" aria-label={t('places.changeOne', { name })} data-testid="place-change" onClick={onOpen}>{t('hours.change')}</Button>
    </div>
  );
}

/** What still is there, which is what stands in the way of closing it. */
function Uses({ inUse: { patients, desks, departments, doctors, visits } }: { inUse: InUse }) {
  const t = useWords();
  const said = [
    patients > 0 && t('places.patients', { count: patients }), desks.length > 0 && t('places.desks', { names: desks.join(', ') }),
    departments.length > 0 && t('places.departmentsOf', { names: departments.join(', ') }), doctors.length > 0 && t('places.doctors', { names: doctors.join(', ') }),
    visits > 0 && t('places.visits', { count: visits }),
  ].filter((one) => one !== false);
  return <>{said.length === 0 ? ` ${t('places.unused')}` : said.map((one) => <span key={one} className="line-facts">{one}</span>)}</>;
}

const wardOf = (line: WardLine | null): WardDraft => ({ name: line?.ward.name ?? '', isOpen: line?.closed === null || line === null });

function WardForm({ line, onDone }: { line: WardLine | null; onDone: () => void }) {
  const t = useWords();
  const { admin } = useConsole();
  const done = useDone(onDone);
  const form = useDraft(wardOf(line));
  const sentence = useSentence(form.problems);

  async function save(change: Partial<WardDraft>) {
    const saved = await form.run((base, draft) => admin.setWard({ base: line && { id: line.ward.id, draft: base }, draft: { ...draft, ...change } }));
    await done(saved !== null, form.draft.name);
  }

  return (
    <form noValidate className="line-form" onSubmit={(event: FormEvent) => { event.preventDefault(); void save({}); }}>
      {line && form.hasMoved && form.isDirty && <Moved now={<Said name={line.ward.name} isOpen={line.closed === null} />} onReopen={form.reopen} onGoOn={form.goOn} />}
      <Found box={form.box} problems={form.problems} fields={['name']} testId="place-problems" />
      <TextInput data-testid="place-name" label={t('places.wardName')} error={sentence('name')} maxLength={80} dir="auto" autoComplete="off" value={form.draft.name} onChange={(event) => form.set({ name: event.currentTarget.value })} />
      <Acts isNew={line === null} isOpen={form.base.isOpen} isBusy={form.isBusy} onState={(isOpen) => void save({ isOpen })} onCancel={onDone} />
    </form>
  );
}

const departmentOf = (line: DepartmentLine | null, wards: readonly WardLine[]): DepartmentDraft => ({
  name: line?.department.name ?? '', ward: line?.department.ward ?? wards.find(({ closed }) => closed === null)?.ward.id ?? '', isOpen: line?.closed === null || line === null,
});

function DepartmentForm({ line, wards, onDone }: { line: DepartmentLine | null; wards: readonly WardLine[]; onDone: () => void }) {
  const t = useWords();
  const { admin } = useConsole();
  const done = useDone(onDone);
  const form = useDraft(departmentOf(line, wards));
  const sentence = useSentence(form.problems);
  const choices = wards.filter(({ ward, closed }) => closed === null || ward.id === form.draft.ward).map(({ ward }) => ({ value: ward.id, label: ward.name }));

  async function save(change: Partial<DepartmentDraft>) {
    const saved = await form.run((base, draft) => admin.setDepartment({ base: line && { id: line.department.id, draft: base }, draft: { ...draft, ...change } }));
    await done(saved !== null, form.draft.name);
  }

  return (
    <form noValidate className="line-form" onSubmit={(event: FormEvent) => { event.preventDefault(); void save({}); }}>
      {line && form.hasMoved && form.isDirty && <Moved now={<Said name={line.department.name} isOpen={line.closed === null} />} onReopen={form.reopen} onGoOn={form.goOn} />}
      <Found box={form.box} problems={form.problems} fields={['name', 'ward']} testId="place-problems" />
      <TextInput data-testid="place-name" label={t('places.departmentName')} error={sentence('name')} maxLength={80} dir="auto" autoComplete="off" value={form.draft.name} onChange={(event) => form.set({ name: event.currentTarget.value })} />
      <NativeSelect data-testid="place-ward" label={t('places.wardOf')} description={t('places.wardHint')} error={sentence('ward')} data={choices} value={form.draft.ward} onChange={(event) => form.set({ ward: event.currentTarget.value })} />
      <Acts isNew={line === null} isOpen={form.base.isOpen} isBusy={form.isBusy} onState={(isOpen) => void save({ isOpen })} onCancel={onDone} />
    </form>
  );
}

function Said({ name, isOpen }: { name: string; isOpen: boolean }) {
  const t = useWords();
  return <><bdi>{name}</bdi> · {t(isOpen ? 'places.open' : 'places.closed')}</>;
}

function useDone(onDone: () => void) {
  const t = useWords();
  const client = useQueryClient();
  return async (isDone: boolean, name: string) => {
    await client.invalidateQueries({ queryKey: ['places'] });
    if (!isDone) return;
    toast(t('places.saved', { name }));
    onDone();
  };
}

interface ActsProps { isNew: boolean; isOpen: boolean; isBusy: boolean; onState: (isOpen: boolean) => void; onCancel: () => void }

function Acts({ isNew, isOpen, isBusy, onState, onCancel }: ActsProps) {
  const t = useWords();
  return (
    <Group gap="xs" mt="xs">
      <Button type="submit" size="compact-md" data-testid="place-save" loading={isBusy}>{t(isNew ? 'places.add' : 'hours.save')}</Button>
      {!isNew && <Button size="compact-md" variant="default" data-testid={isOpen ? 'place-close' : 'place-reopen'} disabled={isBusy} onClick={() => onState(!isOpen)}>{t(isOpen ? 'places.close' : 'places.reopen')}</Button>}
      <Button size="compact-md" variant="default" onClick={onCancel}>{t('console.cancel')}</Button>
    </Group>
  );
}
