import { describe, expect, test } from 'vitest';
import { mayRead, mayWrite } from './access';
import { changes, wholeDraft } from './changes';
import { addDays, ageOn, readTyped, showDate } from './dates';
import { cleaned } from './form';
import { newId } from './ids';
import { emptyPhone, nameText } from './records';
import { href, parse, type Route } from './route';
import { instantOf, wallOf } from './zone';

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const mois = 'janv févr mars avr mai juin juil août sept oct nov déc'.split(' ');

describe('dates as they are typed', () => {
  test.each([
    ['1984', '1984'], ['3.1984', '1984-03'], ['05-03-1984', '1984-03-05'], ['5/3/1984', '1984-03-05'], ['5 mar 1984', '1984-03-05'],
    ['05-Mar-1984', '1984-03-05'], ['05031984', '1984-03-05'], ['19840305', '1984-03-05'], ['1984-03-05', '1984-03-05'], ['29.2.2024', '2024-02-29'],
    ['31.2.1984', null], ['29.2.2023', null], ['5.3.84', null], ['hello', null], ['', null], ['1.2.3.1984', null], ['13.1984', null],
  ])('%s is read as %s', (text, expected) => expect(readTyped(text, months)).toBe(expected));

  test('months are read in French too', () => {
    expect(readTyped('5 mars 1984', mois)).toBe('1984-03-05');
    expect(readTyped('15 août 2001', mois)).toBe('2001-08-15');
    expect(readTyped('01-févr-2001', mois)).toBe('2001-02-01');
  });

  test('a date that is shown is read back as itself', () => {
    for (const list of [months, mois]) {
      for (let n = 0; n < 12; n += 1) {
        const date = `2001-${String(n + 1).padStart(2, '0')}-09`;
        expect(readTyped(showDate(date, list), list)).toBe(date);
      }
    }
  });

  test('a partial date is shown as far as it is known', () => {
    expect([showDate('1984', months), showDate('1984-03', months), showDate('1984-03-05', months)]).toEqual(['1984', 'Mar-1984', '05-Mar-1984']);
  });
});

test('age is counted by the calendar', () => {
  expect(ageOn('1984-03-05', '2026-03-04')?.years).toBe(41);
  expect(ageOn('1984-03-05', '2026-03-05')?.years).toBe(42);
  expect(ageOn('1984', '2026-03-05')).toMatchObject({ years: 42, isAbout: true });
  expect(ageOn('2026-03-01', '2026-03-05')).toMatchObject({ years: 0, months: 0, days: 4 });
  expect(ageOn('2027-01-01', '2026-03-05')).toBeNull();
  expect(addDays('2026-02-28', 1)).toBe('2026-03-01');
});

describe('the hospital’s clock', () => {
  test.each([
    ['2027-03-01', '09:00', 'Europe/London', '2027-03-01T09:00:00Z'], ['2027-07-01', '09:00', 'Europe/London', '2027-07-01T08:00:00Z'],
    ['2027-03-28', '01:30', 'Europe/London', null], ['2027-03-28', '02:30', 'Europe/London', '2027-03-28T01:30:00Z'],
    ['2027-01-15', '09:30', 'Asia/Kathmandu', '2027-01-15T03:45:00Z'], ['2027-01-15', '00:00', 'Pacific/Auckland', '2027-01-14T11:00:00Z'],
  ])('%s %s in %s is %s', (date, time, zone, instant) => expect(instantOf(date, time, zone)).toBe(instant));

  test('an instant comes back as the wall time it was made from', () => {
    for (const zone of ['America/New_York', 'Europe/Paris', 'Australia/Lord_Howe']) {
      for (let day = 0; day < 370; day += 5) {
        const date = addDays('2027-01-01', day);
        expect(wallOf(instantOf(date, '14:30', zone)!, zone)).toEqual({ date, time: '14:30' });
      }
    }
  });
});

describe('what a form sends', () => {
  const before = { bed: 'A-1', nationalId: 'x', telecom: [{ ...emptyPhone, id: 'p1', value: '1' }, { ...emptyPhone, id: 'p2', value: '2' }] };

  test('only what differs, null where it was emptied', () => {
    expect(changes(before, { ...before, bed: null })).toEqual({ bed: null });
    expect(changes(before, before)).toEqual({});
  });

  test('of a list only the changed element, with its id and the changed member', () => {
    const now = { ...before, telecom: [before.telecom[0]!, { ...before.telecom[1]!, value: '22' }] };
    expect(changes(before, now)).toEqual({ telecom: [{ id: 'p2', value: '22' }] });
  });

  test('a new element goes without the id the form gave it', () => {
    const now = { ...before, telecom: [...before.telecom, { ...emptyPhone, id: 'new-7', value: '3' }] };
    expect(changes(before, now)).toEqual({ telecom: [{ id: '', use: 'mobile', value: '3' }] });
  });

  test('a whole record goes without blanks', () => {
    expect(wholeDraft({ bed: null, notes: '', name: [], telecom: [{ ...emptyPhone, id: 'new-1', value: '3' }] })).toEqual({ telecom: [{ id: '', use: 'mobile', value: '3' }] });
  });

  test('an element that was added and left blank goes nowhere, unless the form keeps it', () => {
    const values = { telecom: [{ ...emptyPhone, id: 'new-1' }] };
    expect(cleaned(values)).toEqual({ telecom: [] });
    expect(cleaned(values, ['telecom'])).toEqual(values);
  });
});

test('an id is a UUIDv7 and grows with time', () => {
  const early = newId(1_800_000_000_000);
  expect(early).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(early < newId(1_800_000_000_001)).toBe(true);
});

test('a name is FAMILY NAME, Given (Title)', () => {
  const name = { id: '', use: 'official' as const, script: null, ended: null };
  expect(nameText({ ...name, family: 'García López', given: 'María', prefix: 'Dr' })).toBe('GARCÍA LÓPEZ, María (Dr)');
  expect(nameText({ ...name, family: null, given: 'Suharto', prefix: null })).toBe('Suharto');
});

test('every address leads to the screen it was made for', () => {
  const routes: Route[] = [
    { page: 'today', date: null }, { page: 'today', date: '2027-03-01' }, { page: 'patients' }, { page: 'register' }, { page: 'chart', id: 'a' },
    { page: 'edit', id: 'a' }, { page: 'allergy', id: 'a', element: null }, { page: 'allergy', id: 'a', element: '0001k.00000007' }, { page: 'book', id: null },
    { page: 'book', id: 'a' }, { page: 'move', id: 'a' }, { page: 'cancel', id: 'a' }, { page: 'prescribe', id: 'a' }, { page: 'prescription', id: 'a' },
    { page: 'stop', id: 'a' }, { page: 'waiting' }, { page: 'held' }, { page: 'conflicts' }, { page: 'shutdown' },
    { page: 'conflict', kind: 'appointment', id: 'a' }, { page: 'heldForm', id: 'a/b' }, { page: 'help' }, { page: 'rebooking' }, { page: 'unresolved' },
    { page: 'diary', days: 1, date: null, whom: null, moving: null }, { page: 'diary', days: 7, date: '2027-03-01', whom: null, moving: null },
    { page: 'diary', days: 1, date: null, whom: { by: 'doctor', id: 'a' }, moving: null }, { page: 'diary', days: 7, date: '2027-03-01', whom: { by: 'department', id: 'a' }, moving: 'b' },
    { page: 'board', department: null }, { page: 'board', department: 'a' }, { page: 'walkIn', id: null }, { page: 'walkIn', id: 'a' }, { page: 'repeat', id: 'a' },
  ];
  for (const route of routes) expect(parse(href(route))).toEqual(route);
  expect(parse('#/nonsense')).toEqual({ page: 'missing' });
  expect(parse('#/conflicts/spoon/1')).toEqual({ page: 'missing' });
});

test('buttons are offered for what any of a person’s roles may do', () => {
  expect(mayWrite(['pharmacist'], 'patient', 'bed')).toBe(false);
  expect(mayWrite(['pharmacist', 'reception'], 'patient', 'bed')).toBe(true);
  expect(mayRead([], 'patient')).toBe(false);
});
