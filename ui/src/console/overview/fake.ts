import { reference, wardA, wardB } from '../../backend/fake-people';
import type { DayVisits, DepartmentVisits, Overview, TakingPage, Turnout, Turnouts, VisitPage } from '../../backend/types.gen';
import type { OverviewAsk, OverviewBackend, TakingAsk, VisitAsk } from './backend';

const today = Date.UTC(2027, 2, 1);
const dayMs = 86_400_000;
const dayOf = (ago: number) => new Date(today - ago * dayMs).toISOString().slice(0, 10);
const id = (n: number) => `01980000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const none: Turnouts = { came: 0, missed: 0, expected: 0 };

/** The whole of the made-up hospital: weekends are quiet, and today is not over. */
export class FakeOverview implements OverviewBackend {
  isEmpty = false;
  readsBooks = true;

  async figures({ days, department, ward }: OverviewAsk): Promise<Overview> {
    const span = Array.from({ length: days }, (_, n) => dayOf(days - 1 - n));
    const shares = reference.departments.map(({ id }, nth) => ({ id, nth })).filter(({ id }) => !this.isEmpty && (!department || department === id));
    const visits = (day: string, nth: number): Turnouts => {
      const place = Math.round((today - Date.parse(day)) / dayMs);
      if ([0, 6].includes(new Date(day).getUTCDay())) return none;
      return { came: 5 + ((place * 7 + nth * 3) % 6) - (place === 0 ? 3 : 0), missed: (place + nth * 2) % 4 === 0 ? 1 + nth : 0, expected: place === 0 ? 4 : 0 };
    };
    const add = (all: readonly Turnouts[]) => all.reduce((sum, one) => ({ came: sum.came + one.came, missed: sum.missed + one.missed, expected: sum.expected + one.expected }), none);
    const byDay: DayVisits[] = span.map((day) => ({ day, visits: add(shares.map(({ nth }) => visits(day, nth))) }));
    const departments: DepartmentVisits[] = shares.map(({ id: department, nth }) => {
      const sum = add(span.map((day) => visits(day, nth)));
      return { department, visits: sum, missedPermille: sum.came + sum.missed > 0 ? Math.round((sum.missed * 1000) / (sum.came + sum.missed)) : null };
    });
    const money = this.isEmpty ? [] : byDay.map(({ day, visits: { came, missed } }) => ({ day, currency: 'INR', billedMinor: (came + missed) * 52_500, receivedMinor: came * 42_000 }));
    return {
      at: '2027-03-01T09:59:00Z', from: span[0]!, to: span.at(-1)!, days: byDay, departments, money: this.readsBooks ? money : null,
      items: this.isEmpty ? [] : [{ kind: 'hard', open: 14, dayOld: 6, weekOld: 1 }, { kind: 'duplicate', open: 5, dayOld: 5, weekOld: 3 }, { kind: 'money', open: 2, dayOld: 0, weekOld: 0 }],
      lags: this.isEmpty ? [] : [
        { ward: wardA, desks: 4, unheard: 0, heard: '2027-03-01T09:52:00Z', silentMinutes: 7, unsent: 0 },
        { ward: wardB, desks: 3, unheard: 1, heard: '2027-02-28T18:20:00Z', silentMinutes: 939, unsent: 12 },
      ].filter((lag) => !ward || lag.ward === ward),
    };
  }

  async visits({ of, from, department }: VisitAsk): Promise<VisitPage> {
    const status = ({ came: 'fulfilled', missed: 'noshow', expected: 'booked' } as const satisfies Record<Turnout, string>)[of];
    return { lines: [0, 30].map((minute, n) => ({ id: id(n), at: new Date(Date.parse(from) + (9 * 60 + minute) * 60_000).toISOString(), status, department: department ?? reference.departments[0]!.id, practitioner: reference.staff[0]!.id, ward: wardA })), next: null };
  }

  async takings({ from, currency }: TakingAsk): Promise<TakingPage> {
    return { lines: [1, 2].map((journal) => ({ journal, why: journal === 1 ? 'issued' : 'credited', bill: id(journal), day: from, currency, minor: journal === 1 ? 52_500 : -10_500, occurredMs: Date.parse(from) + 9 * 3_600_000 })), next: null };
  }
}
