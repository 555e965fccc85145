import { Button } from '@mantine/core';
import { IconAlertCircle } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { EventLine, EventPage } from '../backend/types.gen';
import { Empty } from '../parts/Empty';
import { Page } from '../parts/Page';
import { toast } from '../parts/toast';
import { useMoment, useTime } from '../parts/useTime';
import { useWords } from '../parts/words';
import { Loaded, useConsole, useSay } from './context';
import { useEvents } from './queries';

/** What departments tell each other, where it waits long or was set aside: why, and having it tried again. */
export function EventsPage() {
  const t = useWords();
  const query = useEvents();
  return (
    <Page title={t('console.events')}>
      <p className="page-note">{t('events.explain')}</p>
      <Loaded query={query}>{(page) => (page.lines.length === 0 ? <Empty>{t('events.none')}</Empty> : <EventTable page={page} />)}</Loaded>
    </Page>
  );
}

function EventTable({ page: { lines, setAside, waiting } }: { page: EventPage }) {
  const t = useWords();
  return (
    <>
      <p role="status" className="page-note" data-testid="events-counts">{t('events.counts', { setAside, waiting })}</p>
      <table className="table" data-testid="events">
        <thead>
          <tr>
            <th scope="col">{t('events.what')}</th><th scope="col">{t('events.where')}</th><th scope="col">{t('events.since')}</th>
            <th scope="col">{t('events.why')}</th><th scope="col">{t('events.act')}</th>
          </tr>
        </thead>
        <tbody>{lines.map((line) => <Row key={`${line.consumer ?? ''} ${line.id}`} line={line} />)}</tbody>
      </table>
    </>
  );
}

function Row({ line }: { line: EventLine }) {
  const t = useWords();
  const moment = useMoment();
  const what = t.of('EventWhat', line.what);
  return (
    <tr data-testid="event" data-set-aside={line.setAside !== null}>
      <th scope="row">{what} <span className="line-facts wraps">{line.id}</span></th>
      <td><span className="only-narrow">{t('events.where')}: </span>{line.consumer ? t.of('EventConsumer', line.consumer) : t('events.outgoing')}</td>
      <td><span className="only-narrow">{t('events.since')}: </span>{moment(line.at)}</td>
      <td><Why line={line} /></td>
      <td><Again line={line} what={what} /></td>
    </tr>
  );
}

function Why({ line: { setAside, code, tries, next } }: { line: EventLine }) {
  const t = useWords();
  const time = useTime();
  const facts = [tries > 0 && t('events.tries', { n: tries }), next && tries > 0 && t('events.next', { at: time(next) })].filter(Boolean).join(' · ');
  return (
    <>
      {setAside && <span className="mark mark-held"><IconAlertCircle size={14} aria-hidden /> {t('events.setAside')}</span>}
      <div>{reasonOf(code)}</div>
      {facts && <span className="line-facts">{facts}</span>}
    </>
  );

  /** Codes of the database and the like have no sentence of their own. */
  function reasonOf(of: string | null): string {
    if (!of) return t('events.noReason');
    return t.has(`problem.${of}`) ? t.problem({ code: of, field: '', with: {} }) : t('events.failed', { code: of });
  }
}

function Again({ line: { consumer, id }, what }: { line: EventLine; what: string }) {
  const t = useWords();
  const backend = useConsole();
  const client = useQueryClient();
  const say = useSay();
  const [isTrying, setIsTrying] = useState(false);

  async function again() {
    setIsTrying(true);
    const answer = await backend.eventAgain({ consumer, id });
    setIsTrying(false);
    if (say(answer)) toast(t('events.tried'));
    await client.invalidateQueries({ queryKey: ['events'] });
  }
  return <Button size="compact-sm" variant="default" data-testid="event-again" aria-label={t('events.againOne', { what, id })} loading={isTrying} onClick={() => void again()}>{t('events.again')}</Button>;
}
