import { Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Problem, Review } from '../backend/types.gen';
import { OpeningCard } from '../emergency/ReviewPage';
import { Empty } from '../parts/Empty';
import { Page } from '../parts/Page';
import { useWords } from '../parts/words';
import { Loaded, useConsole } from './context';
import { useOpenings } from './queries';

/** What the emergency access was used for, for clinical managers: the oldest first. */
export function ConsoleEmergencyPage() {
  const t = useWords();
  const backend = useConsole();
  const client = useQueryClient();
  const query = useOpenings();
  const [problems, setProblems] = useState<Problem[]>([]);

  async function review(said: Review): Promise<boolean> {
    const answer = await backend.review(said);
    setProblems(answer.ok ? [] : answer.problems);
    await client.invalidateQueries({ queryKey: ['openings'] });
    return answer.ok;
  }

  return (
    <Page title={t('review.title')}>
      <p className="page-note">{t('review.explain')}</p>
      <div role="alert">{problems.map((problem) => <Text key={problem.code} className="danger-text" fw={600}>{t.problem(problem)}</Text>)}</div>
      <Loaded query={query}>
        {(lines) => (lines.length === 0 ? <Empty>{t('review.none')}</Empty> : lines.map((line) => <OpeningCard key={line.device + line.id} line={line} isBarred={false} onReview={review} />))}
      </Loaded>
    </Page>
  );
}
