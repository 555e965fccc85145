import { Button } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconDownload, IconEye, IconRefresh } from '@tabler/icons-react';
import { useState } from 'react';
import type { HealthFinding, HealthGrade, HealthReport } from '../backend/types.gen';
import { Page } from '../parts/Page';
import { toast } from '../parts/toast';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';
import { Loaded, useConsole, useSay } from './context';
import { useHealth } from './queries';
import { href } from './route';
import { runbookOf } from './runbooks';

const worst: Record<HealthGrade, number> = { ok: 0, look: 1, broken: 2 };

/** How the hub and its workstations are, what somebody has to see to, and how. */
export function HealthPage() {
  const t = useWords();
  const query = useHealth();
  return (
    <Page
      title={t('console.health')}
      actions={<><Button variant="default" data-testid="health-again" leftSection={<IconRefresh size={16} aria-hidden />} loading={query.isFetching} onClick={() => void query.refetch()}>{t('health.again')}</Button><SupportFile /></>}
    >
      <p className="page-note">{t('health.explain')}</p>
      <Loaded query={query}>{(report) => <Report report={report} />}</Loaded>
      <p className="page-note">{t('health.fileHint')}</p>
    </Page>
  );
}

function Report({ report }: { report: HealthReport }) {
  const t = useWords();
  const moment = useMoment();
  // what somebody has to see to stands first; the rest in the order in which it was looked at
  const lines = report.findings.toSorted((one, other) => worst[other.grade] - worst[one.grade]);
  const grade = lines[0]?.grade ?? 'ok';
  const whole = { ok: t('health.allOk'), look: t('health.someLook'), broken: t('health.someBroken') };
  return (
    <>
      <p role="status" data-testid="health-whole" data-grade={grade} className="health-whole"><Grade of={grade} /> <strong>{whole[grade]}</strong> <span className="line-facts">{t('health.asOf', { at: moment(report.at), version: report.program })}</span></p>
      <table className="table health" data-testid="health">
        <thead><tr><th scope="col">{t('health.what')}</th><th scope="col">{t('health.grade')}</th><th scope="col">{t('health.found')}</th></tr></thead>
        <tbody>{lines.map((line) => <Row key={line.said.code} line={line} />)}</tbody>
      </table>
    </>
  );
}

function Row({ line }: { line: HealthFinding }) {
  const t = useWords();
  const { check, grade, said, desks } = line;
  const steps = runbookOf(line);
  return (
    <tr data-testid="health-line" data-code={said.code} data-grade={grade}>
      <th scope="row">{t(`HealthCheck.${check}`)}</th>
      <td><Grade of={grade} /></td>
      <td>
        <div>{t.problem(said)}</div>
        {desks.length > 0 && <ul className="health-desks">{desks.map(({ number, name }) => <li key={number}><bdi>{name}</bdi> <span className="health-number">{t('devices.number', { n: number })}</span></li>)}</ul>}
        {grade !== 'ok' && <div className="line-facts">{t.problem({ ...said, code: `${said.code}_do` })}</div>}
        {grade !== 'ok' && check === 'events' && <a className="health-link" href={href({ page: 'events' })}>{t('health.toEvents')}</a>}
        {steps && <a className="health-link" data-testid="health-steps" href={href({ page: 'runbook', name: steps })}>{t('health.steps', { title: t(`runbook.${steps}.title`) })}</a>}
      </td>
    </tr>
  );
}

const looks = { ok: ['mark-accepted', IconCircleCheck], look: ['mark-saved', IconEye], broken: ['mark-held', IconAlertTriangle] } as const;

function Grade({ of }: { of: HealthGrade }) {
  const t = useWords();
  const [look, Icon] = looks[of];
  return <span className={`mark ${look}`}><Icon size={14} aria-hidden /> {t(`HealthGrade.${of}`)}</span>;
}

function SupportFile() {
  const t = useWords();
  const backend = useConsole();
  const say = useSay();
  const [isMaking, setIsMaking] = useState(false);

  async function take() {
    setIsMaking(true);
    const answer = await backend.supportFile();
    setIsMaking(false);
    if (!say(answer)) return;
    const address = URL.createObjectURL(answer.value);
    const link = Object.assign(document.createElement('a'), { href: address, download: 'wardbook-support.tar.zst' });
    link.click();
    URL.revokeObjectURL(address);
    toast(t('health.fileMade'));
  }
  return <Button variant="default" data-testid="support-file" leftSection={<IconDownload size={16} aria-hidden />} loading={isMaking} onClick={() => void take()}>{t('health.file')}</Button>;
}
