import { Button } from '@mantine/core';
import { IconPrinter } from '@tabler/icons-react';
import { rights, tasks, type Kind, type Right, type Role } from '../backend/types.gen';
import { useSession } from '../parts/context';
import { Page } from '../parts/Page';
import { PrintFoot } from '../parts/PrintFoot';
import { useWords, type Words } from '../parts/words';

const roles = Object.keys(tasks) as Role[];
const kinds: readonly Kind[] = ['patient', 'appointment', 'prescription'];

/** The table of who may do what, as the desk and the hospital's server read it. */
export function RolesPage() {
  const t = useWords();
  const { roles: own } = useSession();
  const groups = [
    { title: t('roles.reading'), of: rights.filter((right) => right.does === 'read') },
    ...kinds.map((kind) => ({ title: t('roles.writing', { kind: t.of('RightKind', kind) }), of: rights.filter((right) => right.does === 'write' && right.kind === kind) })),
    { title: t('roles.doing'), of: rights.filter((right) => right.does === 'do') },
  ];
  const print = <Button variant="default" leftSection={<IconPrinter size={18} aria-hidden />} data-testid="roles-print" onClick={() => window.print()}>{t('roles.print')}</Button>;
  return (
    <Page title={t('roles.title')} actions={print}>
      <p className="page-note">{t('roles.explain')}</p>
      {/* wider than a small window: the keyboard scrolls it */}
      <div className="matrix-frame" role="region" aria-label={t('roles.scroll')} tabIndex={0}>
        <table className="matrix" data-testid="roles">
          <thead>
            <tr>
              <th scope="col">{t('roles.what')}</th>
              {roles.map((role) => <th key={role} scope="col" className={own.includes(role) ? 'is-yours' : undefined}>{t.of('Role', role)}{own.includes(role) && ` (${t('roles.you')})`}</th>)}
            </tr>
          </thead>
          {groups.map(({ title, of }) => (
            <tbody key={title}>
              <tr><th scope="rowgroup" colSpan={roles.length + 1}>{title}</th></tr>
              {of.map((right) => <Line key={`${right.what} ${right.state}`} right={right} own={own} />)}
            </tbody>
          ))}
        </table>
      </div>
      <PrintFoot />
    </Page>
  );
}

function Line({ right, own }: { right: Right; own: readonly Role[] }) {
  const t = useWords();
  const fields = right.fields.filter((field) => field !== 'serial').map((field) => t.field(field));
  return (
    <tr data-testid="roles-line">
      <th scope="row">{nameOf(right, t)}{fields.length > 0 && <span className="line-facts">{fields.join(', ')}</span>}</th>
      {roles.map((role) => {
        const whose = right.who[role];
        return <td key={role} className={own.includes(role) ? 'is-yours' : undefined}>{whose ? <span className="yes">{t(`roles.${whose}`)}</span> : t('roles.none')}</td>;
      })}
    </tr>
  );
}

function nameOf({ does, what, state }: Right, t: Words): string {
  switch (does) {
    case 'read': return t.of('RightKind', what);
    case 'do': return t.of('Task', what);
    case 'write': return `${t.of('Part', what)}, ${t.of('RecordState', state)}`;
  }
}
