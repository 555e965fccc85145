import { Button, Group } from '@mantine/core';
import { problemsOf } from '../backend/problems';
import type { Held } from '../backend/types.gen';
import { useBackend, useNames } from '../parts/context';
import { Empty } from '../parts/Empty';
import { useHeld } from '../parts/queries';
import { go } from '../parts/route';
import { toastProblem, toastUndo } from '../parts/toast';
import { useTime } from '../parts/useTime';
import { isSilent, useValueText } from '../parts/values';
import { useWords } from '../parts/words';

/** Work that the hospital did not take. Nothing of it is lost: it is put right and sent again, or withdrawn. */
export function HeldTray() {
  const t = useWords();
  const { data: held = [], isPending } = useHeld();
  const open = held.filter((one) => !one.isWithdrawn);
  const withdrawn = held.filter((one) => one.isWithdrawn);
  if (isPending) return null;
  return (
    <>
      {open.length === 0 ? <Empty>{t('held.none')}</Empty> : <p className="page-note">{t('held.explain')}</p>}
      {open.map((one) => <HeldItem key={one.id} held={one} />)}
      {withdrawn.length > 0 && (
        <details className="withdrawn">
          <summary>{t('held.withdrawn', { count: withdrawn.length })}</summary>
          {withdrawn.map((one) => <HeldItem key={one.id} held={one} />)}
        </details>
      )}
    </>
  );
}

function HeldItem({ held }: { held: Held }) {
  const t = useWords();
  const time = useTime();
  const names = useNames();
  const backend = useBackend();
  const value = useValueText();
  const what = t(held.isNew ? 'waiting.new' : 'waiting.changed', { kind: t(`kind.${held.kind}`) });
  const fields = held.fields.filter(({ path, before, after }) => !isSilent(path) && (before ?? '') !== (after ?? ''));

  const tell = (reason: unknown) => toastProblem(problemsOf(reason).map((problem) => t.problem(problem)).join(' '));
  const restore = () => void backend.restore(held.id).catch(tell);

  async function withdraw() {
    await backend.withdraw(held.id);
    toastUndo(t('held.withdrawnNow'), t('undo'), restore);
  }

  return (
    <section className="card held" data-testid="held-item" aria-label={`${what} ${held.patientName}`}>
      <div className="card-head">
        <h2><bdi>{held.patientName || t('name.notHere')}</bdi> · {what}</h2>
        <Group gap="xs">
          {held.isWithdrawn
            ? <Button data-testid="held-restore" variant="default" onClick={restore}>{t('held.restore')}</Button>
            : <>
              <Button data-testid="held-edit" onClick={() => go({ page: 'heldForm', id: held.id })}>{t('held.edit')}</Button>
              <Button data-testid="held-withdraw" variant="default" onClick={() => void withdraw().catch(tell)}>{t('held.withdraw')}</Button>
            </>}
        </Group>
      </div>
      {held.problems.map((problem) => <p key={problem.code + problem.field} className="notice notice-held">{t.problem(problem)}</p>)}
      <p className="card-line dimmed-text">{t('held.by', { who: names.staff(held.staff) || t('someone'), time: time(held.at) })}</p>
      <ul className="history-fields">
        {fields.map(({ path, before, after }) => (
          <li key={path}><span className="history-field">{t.field(path)}</span> {before !== null && before !== '' && <><del><bdi>{value(held.kind, path, before)}</bdi></del> → </>}<ins><bdi>{value(held.kind, path, after)}</bdi></ins></li>
        ))}
      </ul>
    </section>
  );
}
