import { readFileSync, readdirSync, statSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import en from './en.json';
import fr from './fr.json';

const root = join(process.cwd(), '..');
const english: Record<string, string> = en;
const french: Record<string, string> = fr;

function rustFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === 'target' || name === 'tests' || name === 'sqlx-sqlite-stub' ? [] : rustFiles(path);
    return name.endsWith('.rs') ? [path] : [];
  });
}

test.each(['en', 'fr'])('%s says each word once', (language) => {
  const lines = readFileSync(join(process.cwd(), 'src/words', `${language}.json`), 'utf8').split('\n');
  const keys = lines.flatMap((line) => /^ {2}"([^"]+)":/.exec(line)?.[1] ?? []);
  expect(keys.filter((key, place) => keys.indexOf(key) !== place)).toEqual([]);
});

/** The part of a Rust file that ships: without its tests. */
const shipped = (path: string) => readFileSync(path, 'utf8').split('#[cfg(test)]')[0]!;

const blanks = (sentence: string) => [...sentence.matchAll(/{{\s*(\w+)\s*}}/g)].map((match) => match[1]).sort();

test('both languages have the same sentences with the same blanks', () => {
  expect(Object.keys(french)).toEqual(Object.keys(english));
  const differing = Object.keys(english).filter((key) => String(blanks(english[key]!)) !== String(blanks(french[key]!)));
  expect(differing).toEqual([]);
});

test('no sentence is blank, and French is not English left standing', () => {
  expect(Object.entries({ ...english, ...french }).filter(([, sentence]) => sentence.trim() === '')).toEqual([]);
  const untranslated = Object.keys(english).filter((key) => english[key] === french[key] && english[key]!.split(' ').length > 2);
  expect(untranslated.filter((key) => key !== 'today.otherDay')).toEqual([]);
});

test('both languages name twelve months', () => {
  expect([english.months, french.months].map((months) => months!.split(' ').length)).toEqual([12, 12]);
});

test('every problem that shared, hub or desk can state has a sentence', () => {
  const folders = ['shared/src', 'src-tauri', 'sync-server/src'].map((folder) => join(root, folder));
  const found = folders.flatMap(rustFiles).map(shipped).flatMap((text) => [
    ...[...text.matchAll(/Problem::new\(\s*"([a-z_.]+)"/g)].map((match) => match[1]!),
    ...[...text.matchAll(/\b(?:problem|refuse|Code)\(\s*"([a-z_]+(?:\.[a-z_]+)+)"/g)].map((match) => match[1]!),
    ...[...text.matchAll(/\.unless\([^;{}]*?"([a-z_]+(?:\.[a-z_]+)*)",\s*(?:"|&)/g)].map((match) => match[1]!),
  ]);
  expect(found.length).toBeGreaterThan(20);
  const missing = [...new Set(found)].filter((code) => !(`problem.${code}` in english)).sort();
  expect(missing).toEqual([]);
});

test('every word of every value set has a sentence', () => {
  const texts = rustFiles(join(root, 'shared/src')).map(shipped).join('\n');
  const sets = [...texts.matchAll(/value_set! \{[\s\S]*?(\w+) default \w+ \{([\s\S]*?)\}\s*\}/g)];
  expect(sets.length).toBeGreaterThanOrEqual(12);
  const keys = sets.flatMap(([, set, members]) => [...members!.matchAll(/= "([^"]+)"/g)].map((match) => `${set}.${match[1]}`));
  expect(keys.length).toBeGreaterThan(60);
  expect(keys.filter((key) => !(key in english))).toEqual([]);
});

test('every field of every record has a name', () => {
  const types = readFileSync(join(process.cwd(), 'src/backend/types.gen.ts'), 'utf8').replaceAll(/\/\*\*[\s\S]*?\*\//g, '');
  const membersOf = (type: string) => {
    const body = new RegExp(`export type ${type} = \\{([\\s\\S]*?)\\};`).exec(types)?.[1] ?? '';
    return [...body.matchAll(/(\w+): /g)].map((match) => match[1]!);
  };
  const lists = { name: 'HumanName', telecom: 'ContactPoint', address: 'Address', contact: 'Contact', allergy: 'Allergy', alert: 'Alert', move: 'Move', line: 'Line' };
  const paths = [
    ...['Patient', 'Appointment', 'Prescription'].flatMap(membersOf),
    ...Object.entries(lists).flatMap(([list, type]) => membersOf(type).filter((member) => member !== 'id').map((member) => `${list}.${member}`)),
  ];
  expect(paths.length).toBeGreaterThan(50);
  expect(paths.filter((path) => !(`field.${path}` in english))).toEqual([]);
});
