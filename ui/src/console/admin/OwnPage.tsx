import { Button, Group, PasswordInput, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, type FormEvent, type Ref } from 'react';
import type { ConsolePerson, FactorOffer } from '../../backend/types.gen';
import { Door } from '../../identity/Door';
import { Card } from '../../parts/Card';
import { Page } from '../../parts/Page';
import { toast } from '../../parts/toast';
import { useWords } from '../../parts/words';
import { useConsole } from '../context';
import { Found, NewPassword } from './parts';
import { useDraft, useSentence } from './queries';

/** One's own account: the password, and the authenticator of those who decide what others may do. */
export function OwnPage() {
  const t = useWords();
  const backend = useConsole();
  const { data: me } = useQuery({ queryKey: ['me'], queryFn: () => backend.me() });
  return (
    <Page title={t('own.title')}>
      <Card title={t('own.password')}><PasswordForm /></Card>
      {me?.hasSecondFactor && <Card title={t('own.factor')}><p className="page-note">{t('own.factorExplain')}</p><FactorForm person={me} onDone={() => toast(t('own.factorDone'))} /></Card>}
    </Page>
  );
}

const blank = { password: '', newPassword: '' };

function PasswordForm() {
  const t = useWords();
  const { admin } = useConsole();
  const form = useDraft(blank);
  const sentence = useSentence(form.problems);

  async function save(event: FormEvent) {
    event.preventDefault();
    const done = await form.run((_, draft) => admin.changePassword(draft.password, draft.newPassword));
    if (!done) return;
    form.reopen();
    toast(t('own.passwordDone'));
  }

  return (
    <form noValidate className="line-form" onSubmit={(event) => void save(event)}>
      <p className="page-note">{t('own.passwordExplain')}</p>
      <Found box={form.box} problems={form.problems} fields={['password', 'newPassword']} testId="own-problems" />
      <PasswordInput data-testid="own-password" label={t('own.passwordNow')} error={sentence('password')} autoComplete="current-password" value={form.draft.password} onChange={(event) => form.set({ password: event.currentTarget.value })} visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }} />
      <NewPassword testId="own-new" label={t('signIn.newPassword')} hint={t('signIn.newHint')} error={sentence('newPassword')} value={form.draft.newPassword} onChange={(newPassword) => form.set({ newPassword })} />
      <Group><Button type="submit" data-testid="own-save" loading={form.isBusy}>{t('own.change')}</Button></Group>
    </form>
  );
}

/** What stands before everything for somebody whose role asks for a second factor and who has none yet. */
export function FactorFirst({ person, onLeave }: { person: ConsolePerson; onLeave: () => void }) {
  const t = useWords();
  const client = useQueryClient();
  return (
    <Door title={t('factor.first')}>
      <p>{t('factor.why', { name: person.name })}</p>
      <FactorForm person={person} onDone={() => void client.invalidateQueries({ queryKey: ['me'] })} />
      <Group mt="md"><Button variant="default" data-testid="factor-leave" onClick={onLeave}>{t('console.signOut')}</Button></Group>
    </Door>
  );
}

/** Scanned, or typed; then a code of it is typed back. Until then the one before counts. */
function FactorForm({ person, onDone }: { person: ConsolePerson; onDone: () => void }) {
  const t = useWords();
  const { admin } = useConsole();
  const [offer, setOffer] = useState<FactorOffer | null>(null);
  const asking = useDraft({ code: '' });
  const typing = useDraft({ code: '' });
  const field = useRef<HTMLInputElement>(null);
  const { hasSecondFactor } = person;
  const of = offer === null ? asking : typing;
  const sentence = useSentence(of.problems);
  useEffect(() => {
    if (offer) field.current?.focus();
  }, [offer]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (offer === null) {
      const made = await asking.run((_, { code }) => admin.offerFactor(hasSecondFactor ? code : null));
      if (made) setOffer(made);
      return;
    }
    if (!(await typing.run((_, { code }) => admin.confirmFactor(code)))) return;
    setOffer(null);
    asking.set({ code: '' });
    typing.set({ code: '' });
    onDone();
  }

  return (
    <form noValidate className="line-form" onSubmit={(event) => void submit(event)}>
      <Found box={of.box} problems={of.problems} fields={['code']} testId="factor-problems" />
      {offer && (
        <>
          <ol className="steps">
            <li>{t('factor.scan')}<Squares rows={offer.squares} /></li>
            <li>{t('factor.type')} <code className="once wraps" data-testid="factor-secret">{offer.secret}</code></li>
            <li>{t('factor.back')}</li>
          </ol>
          <Code field={field} testId="factor-code" label={t('console.code')} error={sentence('code')} value={typing.draft.code} onChange={(code) => typing.set({ code })} />
        </>
      )}
      {!offer && hasSecondFactor && <Code testId="factor-now" label={t('factor.codeNow')} error={sentence('code')} value={asking.draft.code} onChange={(code) => asking.set({ code })} />}
      <Group><Button type="submit" data-testid="factor-submit" loading={of.isBusy}>{t(offer ? 'factor.confirm' : hasSecondFactor ? 'factor.another' : 'factor.begin')}</Button></Group>
    </form>
  );
}

interface CodeProps { field?: Ref<HTMLInputElement>; testId: string; label: string; error?: string; value: string; onChange: (code: string) => void }

function Code({ field, testId, label, error, value, onChange }: CodeProps) {
  return <TextInput ref={field} data-testid={testId} label={label} error={error} inputMode="numeric" autoComplete="one-time-code" maxLength={8} value={value} onChange={(event) => onChange(event.currentTarget.value)} />;
}

/** What an authenticator scans, with the light edge it needs around: dark on light, also where the screen is dark. */
function Squares({ rows }: { rows: readonly string[] }) {
  const t = useWords();
  const edge = 4;
  const side = rows.length + 2 * edge;
  const path = rows.flatMap((row, y) => [...row].flatMap((square, x) => (square === '#' ? [`M${x + edge} ${y + edge}h1v1h-1z`] : []))).join('');
  return <svg className="squares" role="img" aria-label={t('factor.picture')} viewBox={`0 0 ${side} ${side}`} shapeRendering="crispEdges"><rect width={side} height={side} fill="#fff" /><path d={path} fill="#000" /></svg>;
}
