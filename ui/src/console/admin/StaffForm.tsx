import { Button, Checkbox, Group, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type FormEvent } from 'react';
import { access, type OneTime, type Role, type StaffDraft, type StaffLine } from '../../backend/types.gen';
import { Card } from '../../parts/Card';
import { useNames, useReference, useSession } from '../../parts/context';
import { Empty } from '../../parts/Empty';
import { Notice } from '../../parts/Notice';
import { Page } from '../../parts/Page';
import { toast } from '../../parts/toast';
import { useMoment } from '../../parts/useTime';
import { useWords } from '../../parts/words';
import { Loaded, useConsole } from '../context';
import { useStaff } from '../queries';
import { href } from '../route';
import { Found, Moved, OneTimeNotice } from './parts';
import { useDraft, useSentence } from './queries';
import { ResetCard } from './ResetCard';

const fields = ['username', 'name', 'roles', 'departments'];
const roles = (Object.keys(access) as Role[]).filter((role) => role !== 'patient');
const nobody: StaffDraft & { username: string } = { username: '', name: '', roles: [], departments: [] };

/** Somebody who starts to work here. */
export function StaffNewPage() {
  const t = useWords();
  const { admin } = useConsole();
  const client = useQueryClient();
  const [given, setGiven] = useState<{ given: OneTime; name: string } | null>(null);
  const [blank] = useState(nobody);
  const form = useDraft(blank);
  const sentence = useSentence(form.problems);

  async function add(event: FormEvent) {
    event.preventDefault();
    const { username, ...draft } = form.draft;
    const added = await form.run(() => admin.addStaff(username, draft));
    if (!added) return;
    setGiven({ given: added, name: draft.name });
    await client.invalidateQueries({ queryKey: ['staff'] });
  }

  return (
    <Page title={t('staff.new')}>
      <p className="page-note"><a href={href({ page: 'staff' })}>{t('staff.back')}</a></p>
      {given && (
        <>
          <OneTimeNotice given={given.given} name={given.name} />
          <Group><Button data-testid="staff-another" onClick={() => { setGiven(null); form.reopen(); }}>{t('staff.another')}</Button></Group>
        </>
      )}
      {!given && (
        <form noValidate className="admin-form" onSubmit={(event) => void add(event)}>
          <p className="page-note">{t('staff.newExplain')}</p>
          <Found box={form.box} problems={form.problems} fields={fields} testId="staff-problems" />
          <TextInput
            data-testid="staff-username" label={t('signIn.username')} description={t('staff.usernameHint')} error={sentence('username')} withAsterisk aria-required maxLength={60} autoComplete="off" autoCapitalize="none" spellCheck={false}
            value={form.draft.username} onChange={(event) => form.set({ username: event.currentTarget.value })}
          />
          <StaffFields draft={form.draft} sentence={sentence} onChange={form.set} />
          <Group><Button type="submit" data-testid="staff-save" loading={form.isBusy}>{t('staff.add')}</Button></Group>
        </form>
      )}
    </Page>
  );
}

/** One member of staff: who they are, and how they sign in. */
export function StaffOnePage({ id }: { id: string }) {
  const t = useWords();
  const query = useStaff();
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const pages = query.data?.pages;
  const line = pages?.flatMap((page) => page.lines).find(({ staff }) => staff.id === id);
  useEffect(() => {
    if (pages && !line && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [pages, line, hasNextPage, isFetchingNextPage, fetchNextPage]);
  return (
    <Page title={line?.staff.name ?? t('console.staff')}>
      <p className="page-note"><a href={href({ page: 'staff' })}>{t('staff.back')}</a></p>
      <Loaded query={query}>
        {(data) => (line ? <One key={id} line={line} hours={data.pages[0]?.offlineHours ?? 72} /> : !hasNextPage && <Empty>{t('problem.staff.unknown')}</Empty>)}
      </Loaded>
    </Page>
  );
}

/** In the order in which the server compares them. */
function draftOf({ staff }: StaffLine): StaffDraft {
  return { name: staff.name, roles: roles.filter((role) => staff.roles.includes(role)), departments: [...staff.departments].sort() };
}

function One({ line, hours }: { line: StaffLine; hours: number }) {
  const t = useWords();
  const names = useNames();
  const moment = useMoment();
  const { admin } = useConsole();
  const client = useQueryClient();
  const { staff: own } = useSession();
  const isOwn = line.staff.id === own.id;
  const now = draftOf(line);
  const form = useDraft(now);
  const sentence = useSentence(form.problems);
  const [visits, setVisits] = useState(0);

  async function save(event: FormEvent) {
    event.preventDefault();
    const losesRole = form.base.roles.includes('doctor') && !form.draft.roles.includes('doctor');
    const losesPlace = form.base.departments.some((one) => !form.draft.departments.includes(one));
    const changed = await form.run((base, draft) => admin.changeStaff(line.staff.id, base, draft));
    await client.invalidateQueries({ queryKey: ['staff'] });
    if (!changed) return;
    setVisits(losesRole || losesPlace ? changed.visits : 0);
    toast(t('staff.saved', { name: form.draft.name }));
  }

  const said = [now.name, now.roles.map((role) => t.of('Role', role)).join(', '), now.departments.map(names.department).join(', ')];
  return (
    <>
      {!line.staff.isActive && <Notice kind="held" title={t('staff.suspended')}><p>{t('staff.endedExplain')}</p></Notice>}
      {line.onceUntil && <Notice kind="info" testId="once-waits"><p>{t('staff.onceWaits', { until: moment(line.onceUntil) })}</p></Notice>}
      <form noValidate className="admin-form" onSubmit={(event) => void save(event)}>
        {form.hasMoved && form.isDirty && <Moved now={said.filter(Boolean).join(' · ')} onReopen={form.reopen} onGoOn={form.goOn} />}
        <Found box={form.box} problems={form.problems} fields={fields} testId="staff-problems" />
        {visits > 0 && <div role="status"><Notice kind="warn" testId="staff-visits"><p>{t('staff.visits', { count: visits })}</p></Notice></div>}
        <StaffFields draft={form.draft} isOwn={isOwn} sentence={sentence} onChange={form.set} />
        <p className="page-note">{t('staff.learn', { hours })}</p>
        <Group><Button type="submit" data-testid="staff-save" loading={form.isBusy}>{t('hours.save')}</Button></Group>
      </form>
      {isOwn && <Card title={t('staff.signIn')}><p>{t('staff.ownAccount')} <a href={href({ page: 'own' })}>{t('own.title')}</a></p></Card>}
      {!isOwn && line.staff.isActive && <ResetCard line={line} hours={hours} />}
    </>
  );
}

interface StaffFieldsProps { draft: StaffDraft; isOwn?: boolean; sentence: (field: string) => string | undefined; onChange: (change: Partial<StaffDraft>) => void }

function StaffFields({ draft, isOwn = false, sentence, onChange }: StaffFieldsProps) {
  const t = useWords();
  const names = useNames();
  const { departments, closed } = useReference();
  // one that was closed stays until it is taken away
  const known = [...departments, ...closed.departments.filter(({ id }) => draft.departments.includes(id))];
  const ids = known.map(({ id }) => id).sort();
  return (
    <>
      <TextInput data-testid="staff-name" label={t('staff.name')} error={sentence('name')} withAsterisk aria-required maxLength={80} dir="auto" autoComplete="off" value={draft.name} onChange={(event) => onChange({ name: event.currentTarget.value })} />
      <Checkbox.Group className="section" label={t('staff.rolesOnly')} description={isOwn ? t('staff.ownRoles') : t('staff.rolesHint')} error={sentence('roles')} value={[...draft.roles]} onChange={(chosen) => onChange({ roles: roles.filter((role) => chosen.includes(role)) })}>
        <div className="choices">
          {roles.map((role) => (
            <Checkbox key={role} value={role} disabled={isOwn} label={t.of('Role', role)} data-testid={`role-${role}`} />
          ))}
        </div>
      </Checkbox.Group>
      <Checkbox.Group className="section" label={t('staff.departments')} description={t('staff.departmentsHint')} error={sentence('departments')} value={[...draft.departments]} onChange={(chosen) => onChange({ departments: ids.filter((id) => chosen.includes(id)) })}>
        <div className="choices">
          {known.map(({ id }) => (
            <Checkbox key={id} value={id} label={names.department(id)} />
          ))}
          {known.length === 0 && <span className="line-facts">{t('places.noDepartments')}</span>}
        </div>
      </Checkbox.Group>
    </>
  );
}
