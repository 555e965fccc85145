import { Button, Group, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import type { ClaimAct, ClaimLine, ClaimState, ClaimWhole, Direction, Excess, Whose } from '../../backend/types.gen';
import { mayDo } from '../../parts/access';
import { Card } from '../../parts/Card';
import { useSession } from '../../parts/context';
import { readMoney, typedMoney } from '../../parts/money';
import { Page } from '../../parts/Page';
import { useWords, type Word } from '../../parts/words';
import { Loaded, useConsole } from '../context';
import { go, href } from '../route';
import { ClaimMark } from './ClaimsPage';
import { ActButton, Amount, AmountField, Facts, Problems, useAt, useDayText, useOnce, Who } from './parts';
import { useClaim } from './queries';

/** One claim: who pays what of it, what happened, and what is done next. */
export function ClaimPage({ id }: { id: string }) {
  const t = useWords();
  const query = useClaim(id);
  return (
    <Page title={t('claims.one')}>
      <p className="page-note"><a href={href({ page: 'claims' })}>{t('claims.back')}</a></p>
      <Loaded query={query}>{(whole) => <Whole whole={whole} />}</Loaded>
    </Page>
  );
}

function Whole({ whole }: { whole: ClaimWhole }) {
  const t = useWords();
  const day = useDayText();
  const { roles } = useSession();
  const { line } = whole;
  const amount = (minor: number) => <Amount key={minor} minor={minor} currency={line.currency} />;
  return (
    <>
      <Card title={line.payor} action={<ClaimMark state={line.state} />}>
        <Facts facts={[
          [t('bills.one'), <a key="bill" href={href({ page: 'bill', id: line.bill })}>{t('bills.numbered', { number: line.bill_number })}</a>],
          [t('coverage.subscriber'), <bdi key="number" className="number">{whole.subscriber}</bdi>],
          [t('claims.served'), day(whole.served)],
          [t('claims.versionName'), line.version],
          [t('claims.submitted'), amount(line.submitted)],
          [t('claims.benefit'), amount(line.benefit)],
          [t('claims.contractual'), amount(line.contractual)],
          [t('claims.patient'), amount(line.submitted - line.benefit - line.contractual)],
          [t('claims.paid'), amount(line.paid)],
          [t('claims.outstanding'), amount(line.outstanding)],
        ]} />
      </Card>
      {whole.excess && mayDo(roles, 'insurance') && <TooMuch line={line} excess={whole.excess} />}
      {mayDo(roles, 'insurance') && <Acts line={line} />}
      <Steps whole={whole} />
      <Card title={t('claims.fhir')}><pre className="fhir" tabIndex={0} aria-label={t('claims.fhir')}>{JSON.stringify(whole.fhir, null, 2)}</pre></Card>
    </>
  );
}

/** What may be done in each state; the server says again. */
const acts: Partial<Record<ClaimState, readonly ClaimAct[]>> = {
  draft: ['submit', 'cancel', 'strike_out'], ready: ['submit', 'cancel', 'strike_out'], submitted: ['cancel'], accepted: ['cancel'], rejected: ['appeal', 'close'], partial: ['appeal'], denied: ['appeal', 'close'], paid: ['close'],
};
const answered: readonly ClaimState[] = ['submitted', 'accepted', 'approved', 'partial', 'denied', 'paid_partial', 'paid'];
const payable: readonly ClaimState[] = ['approved', 'partial', 'paid_partial', 'paid'];

function Acts({ line }: { line: ClaimLine }) {
  const t = useWords();
  const { money } = useConsole();
  const once = useOnce();
  const may = acts[line.state] ?? [];
  if (may.length === 0 && !answered.includes(line.state)) return null;

  async function appeal() {
    const next = await once.run((key) => money.act(key, line.id, 'appeal'), t('claims.done'));
    if (next) go({ page: 'claim', id: next.claim });
  }

  return (
    <Card title={t('bills.acts')}>
      <Group gap="xs">
        {may.map((act) => (act === 'appeal'
          ? <Button key={act} size="compact-sm" variant="default" data-testid="claim-appeal" disabled={once.isBusy} onClick={() => void appeal()}>{t('claims.appeal')}</Button>
          : <ActButton key={act} isMain={act === 'submit'} label={t(`claims.${act}` as Word)} done={t('claims.done')} testId={`claim-${act}`} call={(key) => money.act(key, line.id, act)} />))}
      </Group>
      <Problems problems={once.problems} />
      {answered.includes(line.state) && <Answer claim={line.id} />}
      {payable.includes(line.state) && <Paid key={line.outstanding} line={line} />}
    </Card>
  );
}

/** The insurer covers what the patient has paid meanwhile: somebody says whose the difference is. */
function TooMuch({ line, excess }: { line: ClaimLine; excess: Excess }) {
  const t = useWords();
  const { money } = useConsole();
  const once = useOnce();
  const [reason, setReason] = useState('');
  const settle = (whose: Whose) => once.run((key) => money.settleExcess(key, line.id, whose, reason), t('claims.excessSettled'));
  return (
    <Card title={t('claims.excess')}>
      <p>{t('claims.excessExplain')} <Amount minor={excess.minor} currency={line.currency} /></p>
      <Group gap="sm" align="end">
        <TextInput className="grows" label={t('money.reason')} maxLength={200} dir="auto" autoComplete="off" data-testid="excess-reason" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        {excess.minor <= excess.patient_max && <Button disabled={once.isBusy} data-testid="excess-patient" onClick={() => void settle('patient')}>{t('claims.excessPatient')}</Button>}
        <Button variant="default" disabled={once.isBusy} data-testid="excess-insurer" onClick={() => void settle('insurer')}>{t('claims.excessInsurer')}</Button>
      </Group>
      <Problems problems={once.problems} />
    </Card>
  );
}

function Answer({ claim }: { claim: string }) {
  const t = useWords();
  const { money } = useConsole();
  const once = useOnce();
  const [text, setText] = useState('');

  async function answer(event: FormEvent) {
    event.preventDefault();
    if (await once.run((key) => money.answer(key, claim, text), t('claims.answered'))) setText('');
  }

  return (
    <form noValidate className="money-form" onSubmit={(event) => void answer(event)}>
      <Textarea label={t('claims.answer')} description={t('claims.answerHint')} autosize minRows={3} maxRows={10} spellCheck={false} data-testid="claim-response" value={text} onChange={(event) => setText(event.currentTarget.value)} />
      <Problems problems={once.problems} />
      <Button mt={8} type="submit" variant="default" disabled={once.isBusy} data-testid="claim-answer">{t('claims.note')}</Button>
    </form>
  );
}

function Paid({ line }: { line: ClaimLine }) {
  const t = useWords();
  const { money } = useConsole();
  const once = useOnce();
  const [text, setText] = useState(typedMoney(line.outstanding, line.currency));
  const [direction, setDirection] = useState<Direction>('in');

  async function pay(event: FormEvent) {
    event.preventDefault();
    const minor = readMoney(text, line.currency);
    if (minor === null) return once.setProblems([{ code: 'money.unread', field: '', with: {} }]);
    await once.run((key) => money.insurerPaid(key, line.id, { amount_minor: minor, currency: line.currency }, direction), t('claims.paidNoted'));
  }

  return (
    <form noValidate className="money-form" onSubmit={(event) => void pay(event)}>
      <Group gap="sm" align="end">
        <NativeSelect label={t('claims.direction')} data-testid="claim-direction" value={direction} data={[{ value: 'in', label: t('claims.in') }, { value: 'back', label: t('claims.givenBack') }]} onChange={(event) => setDirection(event.currentTarget.value as Direction)} />
        <AmountField label={t('money.amount')} currency={line.currency} text={text} onText={setText} testId="claim-paid-amount" />
        <Button type="submit" variant="default" disabled={once.isBusy} data-testid="claim-paid">{t('claims.note')}</Button>
      </Group>
      <Problems problems={once.problems} />
    </form>
  );
}

function Steps({ whole: { steps, line } }: { whole: ClaimWhole }) {
  const t = useWords();
  const at = useAt();
  return (
    <Card title={t('claims.history')}>
      <table className="table">
        <thead><tr><th scope="col">{t('money.what')}</th><th scope="col">{t('money.who')}</th><th scope="col">{t('money.when')}</th><th scope="col" className="money">{t('money.amount')}</th></tr></thead>
        <tbody>
          {steps.map((step, place) => (
            // a step has no name of its own but its place
            <tr key={place} data-testid="claim-step">
              <th scope="row">{t.of('ClaimState', step.state)}</th><td><Who staff={step.by} /></td><td className="number nowrap">{at(step.at_ms)}</td>
              <td className="money">{step.minor !== null && <Amount minor={step.minor} currency={line.currency} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
