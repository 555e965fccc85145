/** Instants are UTC; people read and choose the hospital's own clock. */

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string): Intl.DateTimeFormat {
  let found = formats.get(zone);
  if (!found) {
    found = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit',
      hour: '2-digit', minute: '2-digit', second: '2-digit',
    });
    formats.set(zone, found);
  }
  return found;
}

/** The hospital's calendar day and clock of an instant. */
export function wallOf(instant: string | number, zone: string): { date: string; time: string } {
  const ms = typeof instant === 'number' ? instant : Date.parse(instant);
  if (Number.isNaN(ms)) return { date: '', time: '' };
  const part = Object.fromEntries(format(zone).formatToParts(ms).map(({ type, value }) => [type, value]));
  return { date: `${part.year}-${part.month}-${part.day}`, time: `${part.hour}:${part.minute}` };
}

/** The instant at which the hospital's clock shows this; null when it skips it (the night clocks go forward). */
export function instantOf(date: string, time: string, zone: string): string | null {
  const wanted = Date.parse(`${date}T${time}:00Z`);
  if (Number.isNaN(wanted)) return null;
  // the zone's offset is never more than a day away, and changes at most once around a wall time
  for (const near of [wanted - 86_400_000, wanted + 86_400_000]) {
    const seen = wallOf(near, zone);
    const offset = Date.parse(`${seen.date}T${seen.time}:00Z`) - near;
    const instant = wanted - offset;
    const back = wallOf(instant, zone);
    if (back.date === date && back.time === time) return new Date(instant).toISOString().replace('.000Z', 'Z');
  }
  return null;
}
