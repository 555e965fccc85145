import { SegmentedControl } from '@mantine/core';
import { IconAlertCircle } from '@tabler/icons-react';
import { useState } from 'react';
import type { HeldLine } from '../backend/types.gen';
import { useNames } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Page } from '../parts/Page';
import { useMoment } from '../parts/useTime';
import { useWords } from '../parts/words';
import { Loaded, MoreButton } from './context';
import { useHeldList } from './queries';
import { href } from './route';

/** Work that the server did not take and a clinical manager decides about, oldest first. */
export function HeldPage() {
  const t = useWords();
  const [isAll, setIsAll] = useState(false);
  const query = useHeldList(isAll);
  return (
    <Page title={t('console.held')}>
      <p className="page-note">{t('heldWork.explain')}</p>
      <SegmentedControl
        className="segments" aria-label={t('heldWork.which')} value={isAll ? 'all' : 'waiting'} onChange={(value) => setIsAll(value === 'all')}
        data={[{ value: 'waiting', label: t('heldWork.waiting') }, { value: 'all', label: t('heldWork.all') }]}
      />
      <Loaded query={query}>
        {({ pages }) => {
          const lines = pages.flatMap((page) => page.lines);
          return lines.length === 0 ? <Empty>{t(isAll ? 'heldWork.noneEver' : 'heldWork.none')}</Empty> : <HeldTable lines={lines} />;
        }}
      </Loaded>
      <MoreButton query={query} />
    </Page>
  );
}

function HeldTable({ lines }: { lines: HeldLine[] }) {
  const t = useWords();
  return (
    <table className="table">
      <thead><tr><th scope="col">{t('heldWork.what')}</th><th scope="col">{t('heldWork.why')}</th><th scope="col">{t('heldWork.who')}</th><th scope="col">{t('heldWork.when')}</th></tr></thead>
      <tbody>{lines.map((line) => <Line key={line.hash} line={line} />)}</tbody>
    </table>
  );
}

function Line({ line }: { line: HeldLine }) {
  const t = useWords();
  const moment = useMoment();
  const names = useNames();
  return (
    <tr data-testid="held-item" data-state={line.state}>
      <td>
        <a href={href({ page: 'heldOne', hash: line.hash })}>{line.kind ? t.of('kind', line.kind) : t('unknown')} · {line.hash.slice(0, 8)}</a>
        {' '}<HeldMark line={line} />
      </td>
      <td className="wraps">{line.problems.map((problem) => <div key={problem.code + problem.field}>{problem.field && `${t.field(problem.field)}: `}{t.problem(problem)}</div>)}</td>
      <td>{names.staff(line.staff) || t('someone')}<span className="line-facts">{[line.desk, names.ward(line.ward)].filter(Boolean).join(' · ')}</span></td>
      <td className="nowrap number">{moment(line.heldAt)}</td>
    </tr>
  );
}

/** What became of it, with a sign. */
export function HeldMark({ line }: { line: HeldLine }) {
  const t = useWords();
  if (line.state === 'waiting') return line.isFinal ? <span className="mark mark-held"><IconAlertCircle size={14} aria-hidden /> {t('heldWork.final')}</span> : null;
  return <span className={`mark ${line.state === 'refused' ? 'mark-held' : 'mark-accepted'}`}>{t.of('HeldState', line.state)}</span>;
}
