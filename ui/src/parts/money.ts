import type { Money } from '../backend/types.gen';

/** Amounts as people read and type them. Minor units stay whole numbers; nothing is reckoned here. */

function places(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/** `105.00 INR`, as it stands on the receipt. */
export function moneyText({ amount_minor: minor, currency }: Money): string {
  return `${plainText(minor, currency)} ${currency}`;
}

/** `105.00` */
export function plainText(minor: number, currency: string): string {
  const of = places(currency);
  const digits = String(Math.abs(minor)).padStart(of + 1, '0');
  const [whole, part] = [digits.slice(0, digits.length - of), digits.slice(digits.length - of)];
  return `${minor < 0 ? '-' : ''}${whole}${part && `.${part}`}`;
}

/** Reads what somebody typed, `105`, `105.5` or `105,50`, in minor units; nothing when it is no amount. */
export function minorOf(typed: string, currency: string): number | null {
  const of = places(currency);
  const match = /^(\d{1,12})(?:[.,](\d*))?$/.exec(typed.trim().replace(/[\s ]/g, ''));
  const part = match?.[2] ?? '';
  if (!match || part.length > of) return null;
  return Number(`${match[1]}${part.padEnd(of, '0')}`);
}
