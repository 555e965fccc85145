import { Button, Group, SegmentedControl } from '@mantine/core';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { NoticeLine, NoticeState, Telling } from '../../backend/types.gen';
import { useNames } from '../../parts/context';
import { Empty } from '../../parts/Empty';
import { Notice } from '../../parts/Notice';
import { Page } from '../../parts/Page';
import { toast } from '../../parts/toast';
import { useMoment } from '../../parts/useTime';
import { useWords } from '../../parts/words';
import { Loaded, MoreButton, useConsole, useSay } from '../context';
import { href } from '../route';

const states: readonly NoticeState[] = ['waiting', 'told', 'over'];

function useNotices(state: NoticeState, patient: string | null) {
  const { notices } = useConsole();
  // what becomes of appointments is no news here, so it is asked for
  return useInfiniteQuery({
    queryKey: ['notices', state, patient], queryFn: ({ pageParam }) => notices.list(state, patient, pageParam), refetchInterval: 60_000, gcTime: 0,
    initialPageParam: null as string | null, getNextPageParam: (page) => page.next,
  });
}

/** What patients have to be told about their appointments: by whom and how, and why not where nobody can. */
export function NoticesPage({ patient }: { patient: string | null }) {
  const t = useWords();
  const [state, setState] = useState<NoticeState>('waiting');
  const query = useNotices(state, patient);
  const name = query.data?.pages[0]?.lines[0]?.name;
  return (
    <Page title={t('console.notices')}>
      <Notice kind="info" testId="notices-how" title={t('notices.how')}><p>{t('notices.noTransport')}</p></Notice>
      {patient && <p className="page-note" data-testid="notices-of"><a href={href({ page: 'notices' })}>{t('notices.every')}</a>{name && <> · <bdi>{name}</bdi></>}</p>}
      <SegmentedControl className="segments" aria-label={t('notices.which')} value={state} onChange={(value) => setState(value as NoticeState)} data={states.map((value) => ({ value, label: t(`NoticeState.${value}`) }))} />
      <Loaded query={query}>
        {({ pages }) => {
          const lines = pages.flatMap((page) => page.lines);
          return lines.length === 0 ? <Empty>{t(`notices.none.${state}`)}</Empty> : <NoticeTable lines={lines} state={state} />;
        }}
      </Loaded>
      <MoreButton query={query} />
    </Page>
  );
}

function NoticeTable({ lines, state }: { lines: readonly NoticeLine[]; state: NoticeState }) {
  const t = useWords();
  return (
    <table className="table" data-testid="notices">
      <thead><tr><th scope="col">{t('notices.patient')}</th><th scope="col">{t('notices.what')}</th><th scope="col">{t('notices.since')}</th><th scope="col">{t(state === 'waiting' ? 'notices.phone' : 'notices.came')}</th></tr></thead>
      <tbody>{lines.map((line) => <Row key={line.appointment + line.nth} line={line} />)}</tbody>
    </table>
  );
}

function Row({ line }: { line: NoticeLine }) {
  const t = useWords();
  const moment = useMoment();
  const names = useNames();
  return (
    <tr data-testid="notice" data-kind={line.kind} data-state={line.state}>
      <th scope="row"><a href={href({ page: 'notices', patient: line.patient })}><bdi>{line.name || t('unknown')}</bdi></a></th>
      <td className="wraps">{t(`NoticeKind.${line.kind}`)}<span className="line-facts">{t('notices.visit', { at: moment(line.start) })}</span></td>
      <td className="number"><span className="only-narrow">{t('notices.since')}: </span>{moment(line.at)}</td>
      <td>
        {line.state === 'told' && (line.toldBy ? t('notices.toldBy', { name: names.staff(line.toldBy) || t('someone'), at: moment(line.toldAt) }) : moment(line.toldAt))}
        {line.state === 'over' && t('notices.isOver')}
        {line.state === 'waiting' && <Waiting line={line} />}
        {line.tries > 0 && <span className="line-facts" data-testid="notice-tries">{t('notices.tries', { count: line.tries, at: moment(line.triedAt) })}</span>}
      </td>
    </tr>
  );
}

/** Under which numbers, and what came of it; or why not. */
function Waiting({ line }: { line: NoticeLine }) {
  const t = useWords();
  return (
    <>
      {line.barrier && <span className="danger-text" data-testid="notice-barrier">{t.problem(line.barrier)}</span>}
      {!line.barrier && line.phones.map((phone) => <a key={phone} className="notice-phone number" href={`tel:${phone.replace(/[^\d+]/g, '')}`}><bdi>{phone}</bdi></a>)}
      <Group gap="xs">
        <TellButton line={line} telling="told" label={t('notices.told')} done={t('notices.toldDone')} />
        {!line.barrier && <TellButton line={line} telling="not_reached" label={t('notices.notReached')} done={t('notices.notReachedDone')} />}
      </Group>
    </>
  );
}

function TellButton({ line: { appointment, nth, name }, telling, label, done }: { line: NoticeLine; telling: Telling; label: string; done: string }) {
  const { notices } = useConsole();
  const say = useSay();
  const client = useQueryClient();
  const [isBusy, setIsBusy] = useState(false);

  async function tell() {
    setIsBusy(true);
    const answer = await notices.say({ appointment, nth, telling });
    setIsBusy(false);
    if (say(answer)) toast(done);
    await client.invalidateQueries({ queryKey: ['notices'] });
  }

  return <Button size="compact-sm" variant="default" disabled={isBusy} data-testid={`notice-${telling}`} aria-label={`${label}: ${name}`} onClick={() => void tell()}>{label}</Button>;
}
