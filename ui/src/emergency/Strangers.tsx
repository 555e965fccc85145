import { TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Outcome } from '../backend';
import type { Emergency, Summary } from '../backend/types.gen';
import { bornText } from '../parts/Banner';
import { useBackend, useNames, useToday } from '../parts/context';
import { Empty } from '../parts/Empty';
import { Page } from '../parts/Page';
import { PersonName } from '../parts/PersonName';
import { asPatient } from '../parts/records';
import { useTime } from '../parts/useTime';
import { useWords } from '../parts/words';
import { SummaryView } from './SummaryView';

interface StrangersProps { open: Emergency; onNoted: (emergency: Emergency) => void; onClosed: () => void }

/** Finds an in-patient of another ward, and shows one. */
export function Strangers({ open, onNoted, onClosed }: StrangersProps) {
  const t = useWords();
  const time = useTime();
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState<string | null>(null);
  const asOf = open.asOf ? t('asOf', { time: time(open.asOf) }) : t('emergency.neverFetched');
  return (
    <Page title={t('emergency.title')} titleExtra={<span className="dimmed-text">{t('emergency.people', { count: open.people })} · {asOf}</span>}>
      <TextInput
        className="narrow" data-testid="emergency-search" type="text" autoComplete="off" spellCheck={false} dir="auto" leftSection={<IconSearch size={16} aria-hidden />}
        label={t('emergency.search')} description={t('emergency.searchHint')} value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setChosen(null);
        }}
      />
      {chosen ? <Chosen id={chosen} onNoted={onNoted} onClosed={onClosed} /> : <Found text={text} onPicked={setChosen} onClosed={onClosed} />}
    </Page>
  );
}

/** A desk that says it is closed ends the page; everything else it says is shown. */
function useAnswer<T>(answer: Outcome<T> | undefined, onClosed: () => void): T | undefined {
  const isClosed = answer !== undefined && !answer.ok;
  useEffect(() => {
    if (isClosed) onClosed();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for each answer
  }, [isClosed]);
  return answer?.ok ? answer.value : undefined;
}

function Found({ text, onPicked, onClosed }: { text: string; onPicked: (id: string) => void; onClosed: () => void }) {
  const t = useWords();
  const backend = useBackend();
  const [asked] = useDebouncedValue(text.trim(), 150);
  const { data } = useQuery({ queryKey: ['emergencySearch', asked], queryFn: () => backend.emergencySearch(asked), enabled: asked !== '', gcTime: 0, refetchInterval: 5000 });
  const found = useAnswer(data, onClosed);
  if (asked === '' || !found) return null;
  return (
    <div role="status">
      {found.length === 0 ? <Empty>{t('emergency.none')}</Empty> : (
        <ul className="lines card narrow">{found.map((one) => <li key={one.id} className="line"><Pick summary={one} onPicked={onPicked} /></li>)}</ul>
      )}
    </div>
  );
}

function Pick({ summary, onPicked }: { summary: Summary; onPicked: (id: string) => void }) {
  const t = useWords();
  const today = useToday();
  const names = useNames();
  const patient = asPatient(summary.patient);
  return (
    <button type="button" className="link" data-testid="emergency-found" onClick={() => onPicked(summary.id)}>
      <strong><PersonName patient={patient} /></strong>{' '}
      <span className="line-facts">{[bornText(patient, today, t), patient.mrn, names.ward(patient.ward), patient.bed].filter(Boolean).join(' · ')}</span>
    </button>
  );
}

function Chosen({ id, onNoted, onClosed }: { id: string; onNoted: (emergency: Emergency) => void; onClosed: () => void }) {
  const t = useWords();
  const backend = useBackend();
  const { data } = useQuery({ queryKey: ['emergencySummary', id], queryFn: () => backend.emergencySummary(id), gcTime: 0 });
  const summary = useAnswer(data, onClosed);
  if (summary === undefined) return null;
  return summary ? <SummaryView summary={summary} onNoted={onNoted} /> : <Empty>{t('emergency.none')}</Empty>;
}
