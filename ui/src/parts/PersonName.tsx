import type { Patient } from '../backend/types.gen';
import { nameText, shownName } from './records';
import { useWords } from './words';

/** A patient's name as hospitals write it, safe beside text of the other direction. */
export function PersonName({ patient }: { patient: Patient | null }) {
  const t = useWords();
  const name = patient && shownName(patient);
  if (!name) return <span>{patient ? t('name.none') : t('name.notHere')}</span>;
  return <bdi lang={languageOf(name.script)}>{nameText(name)}</bdi>;
}

/** Names in the other scripts a patient is known by. */
export function OtherNames({ patient }: { patient: Patient }) {
  const shown = shownName(patient);
  const others = patient.name.filter((name) => name !== shown && !name.ended && nameText(name));
  return others.map((name) => <bdi key={name.id} lang={languageOf(name.script)} className="other-name">{nameText(name)}</bdi>);
}

function languageOf(script: string | null): string | undefined {
  return script ? `und-${script}` : undefined;
}
