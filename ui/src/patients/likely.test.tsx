import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import axe from 'axe-core';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../app';
import { FakeHospital } from '../backend/fake';
import { asPatient } from '../parts/records';
import '../parts/words';

let hospital: FakeHospital;

beforeEach(() => {
  window.localStorage.clear();
  window.location.hash = '';
});

async function open() {
  hospital = new FakeHospital({ patients: 60, latencyMs: 1, signedIn: 'musa', now: () => Date.now() });
  const { rows } = await hospital.list({ kind: 'patient', ward: null, limit: 200, after: null });
  // somebody with everything that is compared, and nobody else of that name
  const known = rows.map((row) => ({ row, patient: asPatient(row.body) })).find(({ patient }) => patient.birthDate?.length === 10 && patient.telecom[0]?.value)!;
  window.location.hash = '#/patients/new';
  render(<App backend={hospital} />);
  await screen.findByTestId('register-submit');
  return known;
}

function fill(label: string, value: string): void {
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
}

test('who is registered a second time is shown with the reasons before anything is saved', async () => {
  const { row, patient } = await open();
  const [name] = patient.name;
  fill('Family name', name!.family!);
  fill('Given names', name!.given!);
  expect(screen.queryByTestId('likely')).toBeNull();
  fill('Date of birth', patient.birthDate!);
  const likely = await screen.findByTestId('likely');
  expect(likely).toHaveTextContent('Probably the same person: same family name, same given name, same birth date.');
  expect(likely).not.toHaveTextContent('But:');
  expect(likely.querySelector('a')).toHaveAttribute('href', expect.stringContaining(row.id));
  fill('Sex', patient.gender === 'female' ? 'male' : 'female');
  await waitFor(() => expect(screen.getByTestId('likely')).toHaveTextContent('But: other sex'));
  expect((await axe.run(screen.getByTestId('likely'), { rules: { 'color-contrast': { enabled: false } } })).violations).toEqual([]);
  // a hint: it can be registered all the same
  expect(screen.getByTestId('register-submit')).toBeEnabled();
});

test('what says nothing about who somebody is asks nothing, and what does asks once the typing rests', async () => {
  await open();
  const asked = vi.spyOn(hospital, 'likely');
  fill('Notes', 'Walks with a frame');
  fill('Family name', 'Zzy');
  fill('Family name', 'Zzyzx');
  await waitFor(() => expect(asked).toHaveBeenCalled());
  expect(asked).toHaveBeenCalledTimes(1);
  expect(asked.mock.calls[0]![0]).toMatchObject({ name: [{ family: 'Zzyzx' }] });
  expect(JSON.stringify(asked.mock.calls)).not.toContain('frame');
});
