import type { ReactNode } from 'react';
import { RolesPage } from './access/RolesPage';
import { AuditPage } from './audit/AuditPage';
import type { Held, Kind, Row } from './backend/types.gen';
import { BoardPage } from './diary/BoardPage';
import { DiaryPage } from './diary/DiaryPage';
import { RepeatPage } from './diary/RepeatPage';
import { ChooseWalkIn, WalkInForm } from './diary/WalkInForm';
import { EmergencyPage } from './emergency/EmergencyPage';
import { ReviewPage } from './emergency/ReviewPage';
import { Empty } from './parts/Empty';
import { Page } from './parts/Page';
import { useChart, useHeld, useRow } from './parts/queries';
import type { Route } from './parts/route';
import { useWords } from './parts/words';
import { AddAllergy, StrikeAllergy } from './patients/AllergyForm';
import { ChartPage } from './patients/ChartPage';
import { PatientForm } from './patients/PatientForm';
import { PatientsPage } from './patients/PatientsPage';
import { AccountSection } from './payments/AccountSection';
import { CashierPage, ChoosePayer } from './payments/CashierPage';
import { PrescribeForm } from './prescriptions/PrescribeForm';
import { PrescriptionList } from './prescriptions/PrescriptionList';
import { StopForm } from './prescriptions/StopForm';
import { AppointmentList } from './scheduling/AppointmentList';
import { BookForm, ChoosePatient } from './scheduling/BookForm';
import { CancelForm, MoveForm } from './scheduling/ChangeForms';
import { RebookPage } from './scheduling/RebookPage';
import { TodayPage } from './scheduling/TodayPage';
import { UnresolvedPage } from './scheduling/UnresolvedPage';
import { ConflictPage } from './sync/ConflictPage';
import { SyncPage } from './sync/SyncPage';
import { HelpPage } from './Help';

/** Which screen an address shows. The only place where departments meet. */
export function Screen({ route }: { route: Route }) {
  switch (route.page) {
    case 'today': return <TodayPage date={route.date} />;
    case 'diary': return <DiaryPage asked={route} />;
    case 'board': return <BoardPage department={route.department} />;
    case 'walkIn': return route.id ? <WithRow kind="patient" id={route.id}>{(row) => <WalkInForm patient={row} />}</WithRow> : <ChooseWalkIn />;
    case 'repeat': return <WithSubject kind="appointment" id={route.id}>{(row, patient) => <RepeatPage row={row} patient={patient} />}</WithSubject>;
    case 'patients': return <PatientsPage />;
    case 'register': return <PatientForm row={null} />;
    case 'chart': return <ChartPage id={route.id} appointments={(rows) => <AppointmentList rows={rows} />} prescriptions={(rows) => <PrescriptionList rows={rows} />} account={<AccountSection patient={route.id} />} />;
    case 'edit': return <WithChart id={route.id}>{(row) => <PatientForm row={row} />}</WithChart>;
    case 'allergy': return <WithChart id={route.id}>{(row) => (route.element ? <StrikeAllergy row={row} element={route.element} /> : <AddAllergy row={row} />)}</WithChart>;
    case 'book': return route.id ? <WithRow kind="patient" id={route.id}>{(row) => <BookForm patient={row} />}</WithRow> : <ChoosePatient />;
    case 'cashier': return route.id ? <WithRow kind="patient" id={route.id}>{(row) => <CashierPage patient={row} />}</WithRow> : <ChoosePayer />;
    case 'move': return <WithSubject kind="appointment" id={route.id}>{(row, patient) => <MoveForm row={row} patient={patient} />}</WithSubject>;
    case 'cancel': return <WithSubject kind="appointment" id={route.id}>{(row, patient) => <CancelForm row={row} patient={patient} />}</WithSubject>;
    case 'rebooking': return <RebookPage />;
    case 'unresolved': return <UnresolvedPage />;
    case 'prescribe': return <WithChart id={route.id}>{(row) => <PrescribeForm patient={row} />}</WithChart>;
    case 'prescription': return <WithSubject kind="prescription" id={route.id}>{(row, patient) => <PrescribeForm patient={patient} row={row} />}</WithSubject>;
    case 'stop': return <WithSubject kind="prescription" id={route.id}>{(row, patient) => <StopForm row={row} patient={patient} />}</WithSubject>;
    case 'waiting':
    case 'held':
    case 'conflicts':
    case 'shutdown': return <SyncPage tab={route.page} />;
    case 'conflict': return <ConflictPage kind={route.kind} id={route.id} />;
    case 'heldForm': return <HeldForm id={route.id} />;
    case 'emergency': return <EmergencyPage />;
    case 'emergencyReview': return <ReviewPage />;
    case 'audit': return <AuditPage />;
    case 'roles': return <RolesPage />;
    case 'help': return <HelpPage />;
    case 'missing': return <Missing />;
  }
}

function Missing() {
  const t = useWords();
  return <Page title={t('missing.title')}><Empty>{t('missing.explain')}</Empty></Page>;
}

function WithRow({ kind, id, children }: { kind: Kind; id: string; children: (row: Row) => ReactNode }) {
  const { data: row, isPending } = useRow(kind, id);
  if (isPending) return null;
  return row ? children(row) : <Missing />;
}

/** Whoever opens a form over a whole patient has looked at the chart, which is noted. */
function WithChart({ id, children }: { id: string; children: (patient: Row) => ReactNode }) {
  const { data: chart, isPending } = useChart(id);
  if (isPending) return null;
  return chart ? children(chart.patient) : <Missing />;
}

function WithSubject({ kind, id, children }: { kind: Kind; id: string; children: (row: Row, patient: Row) => ReactNode }) {
  return (
    <WithRow kind={kind} id={id}>
      {(row) => <WithRow kind="patient" id={String((row.body as { patient?: string }).patient ?? '')}>{(patient) => children(row, patient)}</WithRow>}
    </WithRow>
  );
}

/** Held work opens in the form it was written with. */
function HeldForm({ id }: { id: string }) {
  const { data: all, isPending } = useHeld();
  const held = all?.find((one) => one.id === id);
  if (isPending) return null;
  return held ? <HeldRecord held={held} /> : <Missing />;
}

function HeldRecord({ held }: { held: Held }) {
  const { data: row = null, isPending } = useRow(held.kind, held.record);
  if (isPending) return null;
  if (held.kind === 'patient') return <PatientForm row={row} held={held} />;
  return (
    <WithRow kind="patient" id={held.patient ?? ''}>
      {(patient) => (held.kind === 'appointment' ? <BookForm patient={patient} row={row} held={held} /> : <PrescribeForm patient={patient} row={row} held={held} />)}
    </WithRow>
  );
}
