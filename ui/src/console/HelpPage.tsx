import { Button } from '@mantine/core';
import { IconPrinter } from '@tabler/icons-react';
import { Card } from '../parts/Card';
import { Page } from '../parts/Page';
import { useWords } from '../parts/words';
import { href } from './route';
import { runbookNames, stepsOf, type Runbook } from './runbooks';

/** What to do when something is not as it should be: all of it on one page, to be printed. */
export function ConsoleHelpPage() {
  const t = useWords();
  return (
    <Page title={t('console.help')} actions={<PrintButton />}>
      <p className="page-note">{t('consoleHelp.explain')}</p>
      <ul className="runbooks no-print">{runbookNames.map((name) => <li key={name}><a data-testid="runbook-link" href={href({ page: 'runbook', name })}>{t(`runbook.${name}.title`)}</a></li>)}</ul>
      {runbookNames.map((name) => <Card key={name} title={t(`runbook.${name}.title`)}><Steps name={name} /></Card>)}
    </Page>
  );
}

/** One of them. */
export function RunbookPage({ name }: { name: Runbook }) {
  const t = useWords();
  return (
    <Page title={t(`runbook.${name}.title`)} actions={<PrintButton />}>
      <Card title={t('consoleHelp.steps')}><Steps name={name} /></Card>
      <p className="no-print"><a href={href({ page: 'help' })}>{t('consoleHelp.back')}</a></p>
    </Page>
  );
}

function PrintButton() {
  const t = useWords();
  return <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>{t('consoleHelp.print')}</Button>;
}

function Steps({ name }: { name: Runbook }) {
  const t = useWords();
  return (
    <div data-testid="runbook">
      <p><strong>{t('consoleHelp.when')}</strong> · {t(`runbook.${name}.when`)}</p>
      <ol className="steps">{stepsOf(name).map((step) => <li key={step}>{t(step)}</li>)}</ol>
      <p><strong>{t('consoleHelp.done')}</strong> · {t(`runbook.${name}.done`)}</p>
    </div>
  );
}
