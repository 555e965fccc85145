import { Button } from '@mantine/core';
import { IconAlertCircle, IconKey } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import type { StaffLine } from '../backend/types.gen';
import { useNames, useSession } from '../parts/context';
import { Page } from '../parts/Page';
import { toastUndo } from '../parts/toast';
import { useWords } from '../parts/words';
import { Loaded, MoreButton, useConsole, useSay } from './context';
import { useStaff } from './queries';
import { href } from './route';

/** Who works here, what as, and who may sign in. */
export function StaffPage() {
  const t = useWords();
  const query = useStaff();
  return (
    <Page title={t('console.staff')} actions={<a className="button-link" data-testid="staff-new" href={href({ page: 'staffNew' })}>{t('staff.new')}</a>}>
      <p className="page-note">{t('staff.explain')}</p>
      <Loaded query={query}>
        {({ pages }) => (
          <table className="table" data-testid="staff">
            <thead><tr><th scope="col">{t('staff.name')}</th><th scope="col">{t('staff.roles')}</th><th scope="col">{t('staff.factor')}</th><th scope="col">{t('staff.signIn')}</th></tr></thead>
            <tbody>{pages.flatMap((page) => page.lines).filter((line) => line.canSignIn).map((line) => <Row key={line.staff.id} line={line} />)}</tbody>
          </table>
        )}
      </Loaded>
      <MoreButton query={query} />
    </Page>
  );
}

function Row({ line: { staff, hasSecondFactor, needsSecondFactor, onceUntil } }: { line: StaffLine }) {
  const t = useWords();
  const names = useNames();
  const { staff: own } = useSession();
  const act = useActive();
  const isMissing = needsSecondFactor && !hasSecondFactor;
  return (
    <tr data-testid="staff-line" data-active={staff.isActive}>
      <th scope="row"><a href={href({ page: 'staffOne', id: staff.id })}><bdi>{staff.name}</bdi></a> <span className="line-facts">{staff.username}</span></th>
      <td>{staff.roles.map((role) => t.of('Role', role)).join(', ')}<span className="line-facts">{staff.departments.map(names.department).join(', ')}</span></td>
      <td>
        <span className="only-narrow">{t('staff.factor')}: </span>
        {isMissing ? <span className="mark mark-saved"><IconAlertCircle size={14} aria-hidden /> {t('staff.factorMissing')}</span> : t(hasSecondFactor ? 'yes' : 'no')}
      </td>
      <td>
        {staff.isActive && onceUntil && <span className="mark mark-saved" data-testid="staff-once"><IconKey size={14} aria-hidden /> {t('staff.once')}</span>}{' '}
        {!staff.isActive && <span className="mark mark-held"><IconAlertCircle size={14} aria-hidden /> {t('staff.suspended')}</span>}{' '}
        {staff.id === own.id ? t('staff.you') : (
          <Button
            size="compact-sm" variant="default" data-testid={staff.isActive ? 'staff-suspend' : 'staff-resume'}
            aria-label={t(staff.isActive ? 'staff.suspendOne' : 'staff.resumeOne', { name: staff.name })} onClick={() => void act(staff.username, staff.name, !staff.isActive)}
          >
            {t(staff.isActive ? 'staff.suspend' : 'staff.resume')}
          </Button>
        )}
      </td>
    </tr>
  );
}

function useActive() {
  const t = useWords();
  const backend = useConsole();
  const client = useQueryClient();
  const say = useSay();

  async function set(username: string, isActive: boolean): Promise<boolean> {
    const answer = await backend.setActive(username, isActive);
    await client.invalidateQueries({ queryKey: ['staff'] });
    return say(answer);
  }

  return async (username: string, name: string, isActive: boolean) => {
    if (!(await set(username, isActive))) return;
    toastUndo(t(isActive ? 'staff.resumed' : 'staff.stopped', { name }), t('undo'), () => void set(username, !isActive));
  };
}
