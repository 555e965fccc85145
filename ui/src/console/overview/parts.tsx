import { lazy, Suspense, type ComponentProps, type ReactNode } from 'react';
import { Card } from '../../parts/Card';
import { Empty } from '../../parts/Empty';
import { useWords } from '../../parts/words';

const Bars = lazy(() => import('./Bars'));

/** Colours of bars, told apart light and dark; nothing is said by them alone. */
export const colors = { came: 'var(--bar-1)', missed: 'var(--bar-2)', expected: 'var(--bar-3)', billed: 'var(--bar-1)', received: 'var(--bar-3)', young: 'var(--bar-3)', day: 'var(--bar-4)', week: 'var(--bar-2)' };

interface PartProps { title: string; note?: string; testId: string; empty: string | null; bars: ComponentProps<typeof Bars>; children: ReactNode }

/** A chart with its table beside it, or what to say when there is nothing. */
export function Part({ title, note, testId, empty, bars, children }: PartProps) {
  const t = useWords();
  return (
    <div data-testid={testId}>
      <Card title={title}>
        {note && <p className="line-facts">{note}</p>}
        {empty !== null ? <Empty>{empty}</Empty> : (
          <div className="overview-part">
            <Suspense fallback={<p className="bars-wait" role="status">{t('console.reading')}</p>}><Bars {...bars} /></Suspense>
            <div className="overview-table" role="region" tabIndex={0} aria-label={t('overview.tableOf', { title })}>{children}</div>
          </div>
        )}
      </Card>
    </div>
  );
}

/** A cell with a figure: a way to the list that it counts, for who may open it. */
export function Figure({ label, to, testId, children }: { label: string; to: string | null; testId?: string; children: ReactNode }) {
  return <td className="money"><span className="only-narrow">{label}: </span>{to === null ? <span data-testid={testId}>{children}</span> : <a className="figure" href={to} data-testid={testId} aria-label={typeof children === 'number' ? `${label}: ${children}` : undefined}>{children}</a>}</td>;
}

/** The head of a table of figures. */
export function Heads({ of, figures }: { of: string; figures: readonly string[] }) {
  return <thead><tr><th scope="col">{of}</th>{figures.map((figure) => <th key={figure} scope="col" className="money">{figure}</th>)}</tr></thead>;
}
