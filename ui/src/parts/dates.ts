/** Dates as people type and read them. A birth date may be partial: `1984`, `1984-03`, `1984-03-05`. */

export interface DateParts { year: number; month: number | null; day: number | null }

export function partsOf(iso: string): DateParts | null {
  const match = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(iso);
  if (!match) return null;
  const [, year, month, day] = match;
  return { year: Number(year), month: month ? Number(month) : null, day: day ? Number(day) : null };
}

/** Reads what a person typed in the order day, month, year. Returns YYYY, YYYY-MM or YYYY-MM-DD; null when it is no date. */
export function readTyped(text: string, months: readonly string[]): string | null {
  const words = text.trim().toLowerCase().split(/[\s./,-]+/).filter(Boolean);
  if (words.length === 1 && /^\d{8}$/.test(words[0]!)) return readCompact(words[0]!);
  const numbers = words.map((word) => readWord(word, months));
  if (numbers.some((number) => number === null) || words.length === 0 || words.length > 3) return null;
  const isIso = /^\d{4}$/.test(words[0]!) && words.length > 1;
  const [year, month, day] = (isIso ? numbers : [...numbers].reverse()) as number[];
  const yearWord = isIso ? words[0]! : words[words.length - 1]!;
  return /^\d{4}$/.test(yearWord) ? isoOf(year!, month ?? null, day ?? null) : null;
}

function readCompact(text: string): string | null {
  const asIso = isoOf(Number(text.slice(0, 4)), Number(text.slice(4, 6)), Number(text.slice(6)));
  const asTyped = isoOf(Number(text.slice(4)), Number(text.slice(2, 4)), Number(text.slice(0, 2)));
  const isPlausible = (iso: string | null) => iso !== null && iso >= '1880' && iso < '2200';
  return isPlausible(asTyped) ? asTyped : isPlausible(asIso) ? asIso : null;
}

function readWord(word: string, months: readonly string[]): number | null {
  if (/^\d{1,4}$/.test(word)) return Number(word);
  const plain = (name: string) => name.normalize('NFD').replace(/[\u0300-\u036f.]/g, '').toLowerCase();
  const typed = plain(word);
  const found = months.findIndex((name) => typed.length >= 3 && (plain(name).startsWith(typed) || typed.startsWith(plain(name))));
  return found < 0 ? null : found + 1;
}

function isoOf(year: number, month: number | null, day: number | null): string | null {
  if (year < 1000 || year > 9999) return null;
  if (month !== null && (month < 1 || month > 12)) return null;
  if (month !== null && day !== null && (day < 1 || day > daysIn(year, month))) return null;
  const two = (n: number) => String(n).padStart(2, '0');
  return [String(year), month && two(month), day && two(day)].filter(Boolean).join('-');
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** Shows a date so that day and month cannot be mixed up: 05-Mar-1984. */
export function showDate(iso: string, months: readonly string[]): string {
  const parts = partsOf(iso.slice(0, 10));
  if (!parts) return iso;
  const month = parts.month ? (months[parts.month - 1] ?? '') : null;
  const day = parts.day ? String(parts.day).padStart(2, '0') : null;
  return [day, month, String(parts.year)].filter(Boolean).join('-');
}

export interface Age { years: number; months: number; days: number; isAbout: boolean }

/** How old somebody is on a day; about, when the birth date is not known to the day. */
export function ageOn(birth: string, today: string): Age | null {
  const born = partsOf(birth);
  const now = partsOf(today);
  if (!born || !now || birth > today) return null;
  const bornDay = Date.UTC(born.year, (born.month ?? 1) - 1, born.day ?? 1);
  const nowDay = Date.UTC(now.year, now.month! - 1, now.day!);
  const isEarly = now.day! < (born.day ?? 1) ? 1 : 0;
  const months = (now.year - born.year) * 12 + now.month! - (born.month ?? 1) - isEarly;
  const years = born.month ? Math.floor(months / 12) : now.year - born.year;
  return { years, months, days: Math.round((nowDay - bornDay) / 86_400_000), isAbout: !born.day };
}

export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The day of the week, short. */
export function weekday(date: string, language: string): string {
  return new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' }).format(Date.parse(`${date}T00:00:00Z`));
}
