import type { HealthCheck, EventLine, HealthFinding, HealthGrade } from '../backend/types.gen';

const finding = (check: HealthCheck, grade: HealthGrade, code: string, blanks: Record<string, string> = {}, desks: HealthFinding['desks'] = []): HealthFinding => ({
  check, grade, said: { code: `health.${code}`, field: '', with: blanks }, desks,
});

/** A hub with something of everything the matter. */
export function findings(): HealthFinding[] {
  const at = '2027-03-01T09:04:00Z';
  return [
    finding('database', 'ok', 'database_ok'),
    finding('disk', 'look', 'disk_low', { free: '4.2', all: '60.0' }),
    finding('backup', 'ok', 'backup_ok', { at }),
    finding('audit', 'ok', 'audit_signed', { at }),
    finding('audit', 'look', 'audit_never'),
    finding('events', 'look', 'events_set_aside', { count: '1' }),
    finding('decisions', 'ok', 'decisions_ok', { count: '0' }),
    finding('held', 'look', 'held_long', { count: '3', at }),
    finding('desks', 'broken', 'desks_unsent', { count: '2' }, [{ number: 2, name: 'Amber desk 2' }, { number: 5, name: 'Trolley' }]),
    finding('copies', 'ok', 'copies_same', { count: '2' }),
    finding('certificates', 'ok', 'certificates_ok'),
    finding('put_back', 'ok', 'put_back_never'),
  ];
}

export function events(): EventLine[] {
  const record = '01960000-0000-7000-8000-000000000070';
  return [
    { consumer: 'billing', id: `${record}.2`, what: 'cancelled', record, at: '2027-03-01T09:01:00Z', tries: 10, code: 'database.23514.once', setAside: '2027-03-01T09:40:00Z', next: null },
    { consumer: null, id: '41', what: 'scheduled', record, at: '2027-03-01T09:02:00Z', tries: 0, code: 'event.unreadable', setAside: '2027-03-01T09:02:00Z', next: null },
    { consumer: 'notifications', id: `${record}.3`, what: 'scheduled', record, at: '2027-03-01T09:03:00Z', tries: 2, code: 'hub.unavailable', setAside: null, next: '2027-03-01T09:50:00Z' },
  ];
}
