import { Button, Group, NativeSelect, Progress, Stack, Text, TextInput } from '@mantine/core';
import { IconAlertCircle } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import type { LogLine } from '../backend/types.gen';
import { Found, useLogLook } from '../audit/AuditPage';
import { Card } from '../parts/Card';
import { useNames, useReference } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Page } from '../parts/Page';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';
import type { About } from './backend';
import { Loaded, MoreButton, useConsole } from './context';
import { useLog } from './queries';

/** Who did what in the whole hospital, and whether all of it is as it was written. */
export function ConsoleAuditPage() {
  const t = useWords();
  const [about, setAbout] = useState<About>('all');
  return (
    <Page title={t('console.audit')}>
      <p className="page-note">{t('log.explain')}</p>
      <WholeLook />
      <Card title={t('log.search')}>
        <Search onSearch={setAbout} />
        <Lines key={JSON.stringify(about)} about={about} />
      </Card>
    </Page>
  );
}

function WholeLook() {
  const t = useWords();
  const backend = useConsole();
  const { look, problems, isLooking, begin } = useLogLook((run) => backend.look(run));
  return (
    <Card title={t('log.whole')} action={<Button size="compact-sm" data-testid="log-look" disabled={isLooking} onClick={() => void begin()}>{t('auditing.look')}</Button>}>
      <Text size="sm" c="dimmed">{t('auditing.hubExplain')}</Text>
      <div role="alert">{problems.map((problem) => <Text key={problem.code} className="danger-text" fw={600}>{t.problem(problem)}</Text>)}</div>
      {isLooking && look && look.all > 0 && (
        <Stack gap={4} mt="sm">
          <Progress aria-label={t('auditing.look')} value={(100 * look.done) / look.all} />
          <Text size="sm">{t('auditing.progress', { done: look.done, all: look.all })}</Text>
        </Stack>
      )}
      {look?.found && <Found found={look.found} />}
    </Card>
  );
}

function Search({ onSearch }: { onSearch: (about: About) => void }) {
  const t = useWords();
  const { staff } = useReference();
  const [what, setWhat] = useState<'all' | 'alarms' | 'staff' | 'record'>('all');
  const [person, setPerson] = useState('');
  const [record, setRecord] = useState('');
  const chosen = person || staff[0]?.id || '';

  function search(event: FormEvent) {
    event.preventDefault();
    if (what === 'staff') onSearch({ staff: chosen });
    else if (what === 'record') onSearch({ record: record.trim() });
    else onSearch(what);
  }

  return (
    <form noValidate onSubmit={search}>
      <Group gap="sm" align="end">
        <NativeSelect
          data-testid="log-what" label={t('log.about')} value={what} onChange={(event) => setWhat(event.currentTarget.value as typeof what)}
          data={[{ value: 'all', label: t('log.all') }, { value: 'staff', label: t('log.staff') }, { value: 'record', label: t('log.record') }, { value: 'alarms', label: t('log.alarms') }]}
        />
        {what === 'staff' && <NativeSelect data-testid="log-person" label={t('log.staff')} value={chosen} onChange={(event) => setPerson(event.currentTarget.value)} data={staff.map(({ id, name, username }) => ({ value: id, label: `${name} (${username})` }))} />}
        {what === 'record' && <TextInput data-testid="log-id" label={t('log.id')} size="sm" w={340} maw="100%" spellCheck={false} value={record} onChange={(event) => setRecord(event.currentTarget.value)} />}
        <Button type="submit" data-testid="log-search">{t('log.find')}</Button>
      </Group>
    </form>
  );
}

function Lines({ about }: { about: About }) {
  const t = useWords();
  const query = useLog(about);
  return (
    <>
      <Loaded query={query}>
        {({ pages }) => {
          const lines = pages.flatMap((page) => page.lines);
          if (lines.length === 0) return <Empty>{t('log.none')}</Empty>;
          return (
            <table className="table" data-testid="log">
              <thead><tr><th scope="col">{t('log.entry')}</th><th scope="col">{t('log.when')}</th><th scope="col">{t('log.what')}</th><th scope="col">{t('log.who')}</th><th scope="col">{t('log.record')}</th></tr></thead>
              <tbody>{lines.map((line) => <Row key={line.leaf} line={line} />)}</tbody>
            </table>
          );
        }}
      </Loaded>
      <MoreButton query={query} />
    </>
  );
}

function Row({ line }: { line: LogLine }) {
  const t = useWords();
  const moment = useMoment();
  const names = useNames();
  return (
    <tr data-testid="log-line" data-flaw={line.flaw ?? undefined}>
      <td className="number">{line.leaf}{line.flaw && <span className="mark mark-held"><IconAlertCircle size={14} aria-hidden /> {t.of('AuditFlaw', line.flaw)}</span>}</td>
      <td className="number nowrap">{moment(line.at)}</td>
      <td>{line.what ? t.of('What', line.what) : t('unknown')}{line.reason && <span className="line-facts">{t.of('LogReason', line.reason)}</span>}</td>
      <td>{names.staff(line.staff) || t('log.nobody')}<span className="line-facts"><bdi>{line.desk}</bdi></span></td>
      <td className="wraps">{line.kind && t.of('kind', line.kind)}{line.record && <span className="line-facts"><code>{line.record}</code></span>}</td>
    </tr>
  );
}
