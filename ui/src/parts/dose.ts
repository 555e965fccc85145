import type { Line } from '../backend/types.gen';
import type { Words } from './words';

/** A dose is never torn from its unit, and two numbers never stand side by side. */
export function doseText(line: Line, t: Words): string {
  return [
    line.dose && `${line.dose}\u00a0${t.of('Unit', line.unit)}`,
    t.of('Route', line.route), t.of('Frequency', line.frequency).toLocaleLowerCase(t.language),
    line.prn && (line.prnReason ? t('line.prnFor', { reason: line.prnReason }) : t('line.prn')),
    line.days ? t('line.forDays', { count: line.days }) : t('line.untilStopped'),
  ].filter(Boolean).join(', ');
}
