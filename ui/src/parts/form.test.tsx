import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState, type ReactNode } from 'react';
import { beforeEach, expect, test, vi } from 'vitest';
import { FakeHospital } from '../backend/fake';
import { patientId, people } from '../backend/fake-people';
import type { Save, Session } from '../backend/types.gen';
import { PatientForm } from '../patients/PatientForm';
import { PrescribeForm } from '../prescriptions/PrescribeForm';
import { BackendProvider, SessionProvider } from './context';
import { useNews, useRow } from './queries';
import './words';

const maria = patientId(0);
let hospital: FakeHospital;
let saves: Save[];

beforeEach(() => {
  hospital = new FakeHospital({ patients: 40, latencyMs: 1 });
  hospital.setOnline(false);
  saves = [];
  const save = hospital.save.bind(hospital);
  vi.spyOn(hospital, 'save').mockImplementation((ask) => {
    saves.push(ask);
    return save(ask);
  });
});

async function show(children: ReactNode, user = 'musa') {
  const answer = await hospital.signIn(user, 'ward');
  if (!answer.ok) throw new Error('the made-up hospital knows its staff');
  return render(<Window session={answer.value}>{children}</Window>);
}

function Window({ session, children }: { session: Session; children: ReactNode }) {
  const [client] = useState(() => new QueryClient({ defaultOptions: { queries: { networkMode: 'always', staleTime: Infinity, retry: false } } }));
  return (
    <MantineProvider>
      <QueryClientProvider client={client}>
        <BackendProvider backend={hospital}><SessionProvider session={session}><Listening>{children}</Listening></SessionProvider></BackendProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}

function Listening({ children }: { children: ReactNode }) {
  useNews(hospital);
  return children;
}

function EditMaria() {
  const { data: row } = useRow('patient', maria);
  return row ? <PatientForm row={row} /> : null;
}

function PrescribeForMaria() {
  const { data: row } = useRow('patient', maria);
  return row ? <PrescribeForm patient={row} /> : null;
}

test('an edit sends its base and only what was changed', async () => {
  const user = userEvent.setup();
  const base = (await hospital.row('patient', maria))!.heads;
  await show(<EditMaria />);
  const bed = await screen.findByLabelText('Bed');
  await user.clear(bed);
  await user.type(bed, 'A-33');
  await user.clear(screen.getByLabelText('National number'));
  await user.click(screen.getByTestId('edit-submit'));
  await waitFor(() => expect(saves).toHaveLength(1));
  expect(saves[0]).toMatchObject({ id: maria, base, held: null });
  expect(saves[0]!.draft).toEqual({ bed: 'A-33', nationalId: null });
});

test('an untouched form takes over a change from elsewhere; a half-filled one keeps its words and its base', async () => {
  const user = userEvent.setup();
  await show(<EditMaria />);
  await screen.findByLabelText('Bed');
  act(() => hospital.elsewhere('patient', maria, { bed: 'B-7' }, people.lin));
  await waitFor(() => expect(screen.getByLabelText('Bed')).toHaveValue('B-7'));
  const base = (await hospital.row('patient', maria))!.heads;

  await user.type(screen.getByLabelText('National number'), '9');
  act(() => hospital.elsewhere('patient', maria, { notes: 'Rang.' }, people.lin));
  expect(await screen.findByText(/Dr Mei Lin changed this record a moment ago/)).toBeInTheDocument();
  await user.click(screen.getByTestId('edit-submit'));
  await waitFor(() => expect(saves).toHaveLength(1));
  expect(saves[0]!.base).toBe(base);
  expect(saves[0]!.draft).not.toHaveProperty('notes');
  expect((await hospital.row('patient', maria))!.body).toMatchObject({ notes: 'Rang.' });
});

test('problems stand beside their field and on top, the summary takes the focus, nothing typed is lost', async () => {
  const user = userEvent.setup();
  await show(<PatientForm row={null} />);
  await user.type(screen.getByLabelText('Date of birth'), '31.2.1984');
  await user.type(screen.getByLabelText('Phone number'), '1');
  await user.click(screen.getByTestId('register-submit'));
  const summary = await screen.findByTestId('problem-summary');
  expect(summary).toHaveTextContent('3 things to put right');
  await waitFor(() => expect(summary).toHaveFocus());
  expect(screen.getByLabelText('Date of birth')).toHaveValue('31.2.1984');
  expect(screen.getByLabelText('Phone number')).toHaveAccessibleDescription(/3 to 20 digits/);
  expect(saves).toHaveLength(0);
  await user.click(screen.getByRole('button', { name: /family name or a given name/ }));
  expect(screen.getByLabelText('Family name')).toHaveFocus();
});

test('pressing Save twice makes one patient', async () => {
  const user = userEvent.setup();
  await show(<PatientForm row={null} />);
  await user.type(screen.getByLabelText('Family name'), 'Onlyonce');
  await user.dblClick(screen.getByTestId('register-submit'));
  await waitFor(() => expect(saves.length).toBeGreaterThan(0));
  expect(new Set(saves.map((ask) => ask.id)).size).toBe(1);
  expect(await hospital.search('onlyonce', 5)).toHaveLength(1);
});

test('a birth date is shown back so that it cannot be misread', async () => {
  const user = userEvent.setup();
  await show(<PatientForm row={null} />);
  const field = screen.getByLabelText('Date of birth');
  await user.type(field, '05-03-1984');
  expect(screen.getByText('Read as 05-Mar-1984')).toBeInTheDocument();
  await user.tab();
  expect(field).toHaveValue('05-Mar-1984');
});

test('somebody of the same name is pointed out while the name is typed', async () => {
  const user = userEvent.setup();
  await show(<PatientForm row={null} />);
  await user.type(screen.getByLabelText('Family name'), 'garcia lopez');
  await user.type(screen.getByLabelText('Given names'), 'maria');
  expect(await screen.findByText(/with a name like this/)).toBeInTheDocument();
});

test('an allergy is warned of while the medicine is typed, and does not stop a doctor', async () => {
  const user = userEvent.setup();
  await show(<PrescribeForMaria />);
  await user.type(await screen.findByLabelText(/^Medicine/, { selector: 'input' }), 'Penicillin V');
  expect(await screen.findByText('This patient is allergic to Penicillin.')).toBeInTheDocument();
  await user.type(screen.getByLabelText(/^Dose/), '0,25');
  await user.click(screen.getByTestId('prescribe-submit'));
  await waitFor(() => expect(saves).toHaveLength(1));
  expect(saves[0]!.draft).toMatchObject({ line: [{ id: '', medicine: 'Penicillin V', dose: '0.25', unit: 'mg' }] });
});

test('a draft may lack its dose; signing asks for it beside the field', async () => {
  const user = userEvent.setup();
  await show(<PrescribeForMaria />);
  await user.type(await screen.findByLabelText(/^Medicine/, { selector: 'input' }), 'Paracetamol');
  await user.click(screen.getByTestId('prescribe-sign'));
  await waitFor(() => expect(screen.getByTestId('problem-summary')).toHaveFocus());
  expect(screen.getByLabelText(/^Dose/)).toHaveAccessibleDescription(/dose/i);
  expect(saves).toHaveLength(0);
  await user.click(screen.getByTestId('prescribe-submit'));
  await waitFor(() => expect(saves).toHaveLength(1));
});

test('a role that may not do it sees why', async () => {
  await show(<PrescribeForMaria />, 'ada');
  expect(await screen.findByText('Only doctors prescribe.')).toBeInTheDocument();
  expect(screen.getByTestId('prescribe-submit')).toBeDisabled();
});

test('what one person left unfinished is not shown to another', async () => {
  const user = userEvent.setup();
  const first = await show(<PatientForm row={null} />, 'ada');
  await user.type(screen.getByLabelText('Family name'), 'Secret');
  first.unmount();
  const second = await show(<PatientForm row={null} />, 'musa');
  expect(screen.getByLabelText('Family name')).toHaveValue('');
  second.unmount();
  await show(<PatientForm row={null} />, 'ada');
  expect(screen.getByLabelText('Family name')).toHaveValue('Secret');
});
