import { beforeEach, expect, test, vi } from 'vitest';
import { asPatient } from '../parts/records';
import { newId } from '../parts/ids';
import { FakeHospital } from './fake';
import { patientId, wardA } from './fake-people';

let hospital: FakeHospital;
const maria = patientId(0);
const settled = () => vi.waitFor(async () => expect((await hospital.status()).waiting).toBe(0));

beforeEach(async () => {
  hospital = new FakeHospital({ patients: 60, latencyMs: 1 });
  await hospital.signIn('ada', 'ward');
});

async function edit(id: string, draft: object) {
  const row = await hospital.row('patient', id);
  return hospital.save({ kind: 'patient', id, base: row!.heads, draft, held: null });
}

test('a search finds names without their accents, numbers and birth dates', async () => {
  for (const text of ['garcia lop', 'GARCÍA', '1984-03-05', '000001008']) {
    const found = await hospital.search(text, 10);
    expect(found.map((row) => row.id), text).toContain(maria);
  }
  expect(await hospital.search('nobody at all', 10)).toEqual([]);
});

test('a save is here at once, sent next, accepted when the hub answered', async () => {
  hospital.setOnline(false);
  await edit(maria, { bed: 'A-9' });
  expect((await hospital.row('patient', maria))?.state).toBe('saved');
  expect(await hospital.waiting()).toMatchObject([{ record: maria, fields: ['bed'], state: 'saved', patientName: 'GARCÍA LÓPEZ, María' }]);
  hospital.setOnline(true);
  await settled();
  expect((await hospital.row('patient', maria))?.state).toBe('accepted');
});

test('saving the same new record twice makes one', async () => {
  const ask = { kind: 'patient' as const, id: newId(), base: null, draft: { name: [{ id: '', family: 'Twice' }] }, held: null };
  await hospital.save(ask);
  await hospital.save(ask);
  expect(await hospital.search('twice', 10)).toHaveLength(1);
});

test('edits of different fields both stay; of one field they disagree until somebody chooses', async () => {
  hospital.setOnline(false);
  await edit(maria, { bed: 'A-5', bloodGroup: 'A+' });
  hospital.elsewhere('patient', maria, { bed: 'B-1', nationalId: '1' });
  const row = await hospital.row('patient', maria);
  expect(asPatient(row!.body)).toMatchObject({ bloodGroup: 'A+', nationalId: '1' });
  expect(row!.conflicts).toBe(1);
  const [conflict] = await hospital.conflicts('patient', maria);
  expect(conflict).toMatchObject({ path: 'bed', before: 'A-01' });
  expect(conflict!.values.map(({ value, isHere }) => [value, isHere])).toEqual([['B-1', false], ['A-5', true]]);
  await hospital.resolve('patient', maria, 'bed', 'A-5', row!.heads);
  expect((await hospital.row('patient', maria))!.conflicts).toBe(0);
});

test('a disagreement is settled as it was looked at', async () => {
  hospital.setOnline(false);
  await edit(maria, { bed: 'A-5' });
  hospital.elsewhere('patient', maria, { bed: 'B-1' });
  const seen = (await hospital.row('patient', maria))!.heads;
  hospital.elsewhere('patient', maria, { bed: 'C-3' });
  const moved = { outcome: 'problems', problems: [{ code: 'conflict.moved', field: 'bed' }] };
  expect(await hospital.resolve('patient', maria, 'bed', 'A-5', seen)).toMatchObject(moved);
  const now = (await hospital.row('patient', maria))!.heads;
  await edit(maria, { bloodGroup: 'A+' });
  const kept = await hospital.resolve('patient', maria, 'bed', 'A-5', now);
  if (kept.outcome !== 'saved') throw new Error('another field has nothing to do with it');
  expect(kept.row.conflicts).toBe(0);
  await edit(maria, { bed: 'D-4' });
  expect(await hospital.resolve('patient', maria, 'bed', 'C-3', kept.row.heads)).toMatchObject(moved);
});

test('what the hub refuses is held with its words and leaves the record as it was', async () => {
  hospital.setOnline(false);
  const { appointments } = (await hospital.chart(patientId(7)))!;
  const row = appointments[0]!;
  const before = row.body as { start: string; practitioner: string };
  hospital.booking.leaveSlots.add(`${before.practitioner} 2027-03-01T10:00:00Z`);
  await hospital.save({ kind: 'appointment', id: row.id, base: row.heads, draft: { start: '2027-03-01T10:00:00Z', reason: 'Sooner' }, held: null });
  hospital.setOnline(true);
  await vi.waitFor(async () => expect(await hospital.held()).toHaveLength(1));
  const [held] = await hospital.held();
  expect(held).toMatchObject({ problems: [{ code: 'practitioner.leave', field: 'start' }], draft: { start: '2027-03-01T10:00:00Z', reason: 'Sooner' } });
  expect((await hospital.row('appointment', row.id))!.body).toMatchObject({ start: before.start });
  expect((await hospital.row('appointment', row.id))!.state).toBe('held');
  await hospital.withdraw(held!.id);
  expect((await hospital.status()).held).toBe(0);
  await hospital.restore(held!.id);
  expect((await hospital.status()).held).toBe(1);
  hospital.decide(held!.id, { who: 'Ines Costa', reason: 'Ask the patient first' });
  expect((await hospital.held())[0]!.problems.map(({ code }) => code)).toEqual(['practitioner.leave', 'held.refused']);
  hospital.decide(held!.id, 'release');
  expect(await hospital.held()).toEqual([]);
  expect((await hospital.row('appointment', row.id))!.body).toMatchObject({ start: '2027-03-01T10:00:00Z', reason: 'Sooner' });
});

test('a role that may not write is told so and nothing changes', async () => {
  await hospital.signIn('jonas', 'ward');
  const answer = await edit(maria, { notes: 'x' });
  expect(answer).toMatchObject({ outcome: 'problems', problems: [{ code: 'not_allowed', field: 'notes' }] });
});

test('a draft may be unfinished; nobody signs it before it is complete', async () => {
  await hospital.signIn('musa', 'ward');
  const draft = { patient: maria, ward: wardA, status: 'draft', line: [{ id: '', medicine: 'Paracetamol' }] };
  const answer = await hospital.save({ kind: 'prescription', id: newId(), base: null, draft, held: null });
  if (answer.outcome !== 'saved') throw new Error('a draft may be unfinished');
  const refused = await hospital.sign(answer.row.id, answer.row.heads);
  const fields = refused.outcome === 'problems' ? refused.problems.map(({ field }) => field.split('/').at(-1)) : [];
  expect(fields).toEqual(['dose', 'unit', 'route', 'frequency']);
});

test('a signed prescription says so until a line changes', async () => {
  await hospital.signIn('musa', 'ward');
  const row = (await hospital.chart(maria))!.prescriptions[0]!;
  expect(row.standing).toBe('signed');
  const line = (row.body as { line: { id: string }[] }).line[0]!;
  await hospital.save({ kind: 'prescription', id: row.id, base: row.heads, draft: { line: [{ id: line.id, dose: '5' }] }, held: null });
  const changed = (await hospital.row('prescription', row.id))!;
  expect(changed.standing).toBe('changedSinceSigned');
  await hospital.sign(row.id, changed.heads);
  expect((await hospital.row('prescription', row.id))!.standing).toBe('signed');
});
