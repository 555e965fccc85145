import i18next from 'i18next';
import { useMemo } from 'react';
import { initReactI18next, useTranslation } from 'react-i18next';
import type { Problem } from '../backend/types.gen';
import en from '../words/en.json';
import fr from '../words/fr.json';
import { showDate } from './dates';
import { wallOf } from './zone';

type Stem<K> = K extends `${infer S}_one` ? S : K extends `${infer S}_other` ? S : K extends `${infer S}_many` ? S : K;

/** Every sentence a person reads; a word that is not there does not build. */
export type Word = Stem<keyof typeof en>;
export type Blanks = Record<string, string | number>;

export const languages = { en: 'English', fr: 'Français' } as const;
export type Language = keyof typeof languages;

void i18next.use(initReactI18next).init({
  resources: { en: { translation: en }, fr: { translation: fr } },
  lng: 'en',
  fallbackLng: 'en',
  keySeparator: false,
  nsSeparator: false,
  interpolation: { escapeValue: false },
  initAsync: false,
});

export interface Words {
  (word: Word, blanks?: Blanks): string;
  language: Language;
  months: readonly string[];
  /** The word of a value set: `Gender`, `female`. */
  of(set: string, word: string | null | undefined): string;
  /** The sentence of a problem; codes this version does not know get a plain one that names the code. */
  problem(problem: Problem): string;
  /** Says whether there is a sentence. */
  has(key: string): boolean;
  /** The name of a field by its path, such as `telecom/0001k.7/value`. */
  field(path: string): string;
}

/** The hospital's zone: moments in sentences are by its clock. */
let zone = 'UTC';

export function keepTimeOf(hospital: string): void {
  zone = hospital;
}

/** Moments and days that a sentence mentions, as people read them. */
function readable(blanks: Problem['with'], months: readonly string[]): Blanks {
  const shown = (text: string) => {
    if (/^\d{4}-\d\d-\d\d$/.test(text)) return showDate(text, months);
    if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)) return text;
    const { date, time } = wallOf(text, zone);
    return `${showDate(date, months)} ${time}`;
  };
  return Object.fromEntries(Object.entries(blanks).map(([name, text]) => [name, shown(text ?? '')]));
}

type Translate = (key: string, blanks?: Blanks) => string;

function words(translate: Translate, language: Language): Words {
  const has = (key: string) => i18next.exists(key);
  const say = ((word: Word, blanks?: Blanks) => translate(word, blanks)) as Words;
  say.language = language;
  say.has = has;
  say.months = translate('months').split(' ');
  say.of = (set, word) => (word && has(`${set}.${word}`) ? translate(`${set}.${word}`) : (word ?? ''));
  say.problem = (problem) => has(`problem.${problem.code}`)
    ? translate(`problem.${problem.code}`, readable(problem.with, say.months))
    : translate('problem.unknown', { code: problem.code });
  say.field = (path) => {
    const [list = '', , member] = path.split('/');
    const whole = translate(`field.${list}`);
    if (!has(`field.${list}`)) return list;
    if (!member || !has(`field.${list}.${member}`)) return whole;
    const part = translate(`field.${list}.${member}`);
    return part.toLowerCase().includes(whole.toLowerCase()) ? part : `${whole}, ${part.charAt(0).toLowerCase()}${part.slice(1)}`;
  };
  return say;
}

export function useWords(): Words {
  const { t, i18n } = useTranslation();
  const language = (i18n.language in languages ? i18n.language : 'en') as Language;
  return useMemo(() => words((key, blanks) => String(t(key as never, blanks as never)), language), [t, language]);
}

export function speak(language: Language): void {
  document.documentElement.lang = language;
  void i18next.changeLanguage(language);
}
