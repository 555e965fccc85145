import { minorDigits, type Money } from '../backend/types.gen';

/** Amounts are whole minor units everywhere; only here do they become what people read and type. */

const placesOf = (currency: string): number => minorDigits[currency] ?? 2;

/** Shows an amount with its currency: `10,500.00 INR`. */
export function showMoney(minor: number, currency: string, language: string): string {
  const places = placesOf(currency);
  const digits = String(Math.abs(minor)).padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const grouped = new Intl.NumberFormat(language, { useGrouping: true }).format(BigInt(whole));
  const point = new Intl.NumberFormat(language).formatToParts(1.5).find(({ type }) => type === 'decimal')?.value ?? '.';
  const part = places === 0 ? '' : `${point}${digits.slice(digits.length - places)}`;
  return `${minor < 0 ? '−' : ''}${grouped}${part}\u00a0${currency}`;
}

/** Reads an amount as people type it, with a point or a comma before its smaller unit; null when it is none. */
export function readMoney(text: string, currency: string): number | null {
  const places = placesOf(currency);
  const found = /^(\d{1,12})(?:[.,](\d+))?$/.exec(text.trim().replace(/\s/g, ''));
  if (!found) return null;
  const [, whole = '', part = ''] = found;
  if (part.length > places) return null;
  return Number(whole + part.padEnd(places, '0'));
}

/** An amount as a field of a form begins with it: `10500.00`. */
export function typedMoney(minor: number, currency: string): string {
  const places = placesOf(currency);
  const digits = String(Math.abs(minor)).padStart(places + 1, '0');
  const plain = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return minor < 0 ? `-${plain}` : plain;
}

/** `105.00 INR`, as it stands on the receipt. */
export function moneyText({ amount_minor: minor, currency }: Money): string {
  return `${typedMoney(minor, currency)} ${currency}`;
}
