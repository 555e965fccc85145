import { Button, Group, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import type { Settings, SettingsNow } from '../../backend/types.gen';
import { Card } from '../../parts/Card';
import { Page } from '../../parts/Page';
import { toast } from '../../parts/toast';
import { useWords } from '../../parts/words';
import { Loaded, useConsole } from '../context';
import { Amount, Facts } from '../money/parts';
import { Found, Moved } from './parts';
import { useDraft, useSentence, useSettings } from './queries';

/** What the hospital chooses, each with what it means and where it ends; what is chosen elsewhere says where. */
export function SettingsPage() {
  const t = useWords();
  const query = useSettings();
  return (
    <Page title={t('console.settings')}>
      <p className="page-note">{t('settings.explain')}</p>
      <Loaded query={query}>{(now) => <><SettingsForm now={now.settings} /><Fixed now={now} /></>}</Loaded>
    </Page>
  );
}

/** Numbers are kept as they are typed, so that what is no number can be said. */
interface Typed { hospital: string; idle: string; offline: string }
const typed = ({ hospital, idleMinutes, offlineHours }: Settings): Typed => ({ hospital, idle: String(idleMinutes), offline: String(offlineHours) });
const read = ({ hospital, idle, offline }: Typed): Settings => ({ hospital, idleMinutes: count(idle), offlineHours: count(offline) });
/** What is no whole number is out of every bound. */
const count = (text: string) => (/^\d{1,4}$/.test(text.trim()) ? Number(text) : 0);

function SettingsForm({ now }: { now: Settings }) {
  const t = useWords();
  const { admin } = useConsole();
  const client = useQueryClient();
  const form = useDraft(typed(now));
  const sentence = useSentence(form.problems);

  async function save(event: FormEvent) {
    event.preventDefault();
    const saved = await form.run((base, draft) => admin.setSettings({ base: read(base), draft: read(draft) }));
    await client.invalidateQueries({ queryKey: ['settings'] });
    if (!saved) return;
    toast(t('settings.saved'));
  }

  const shown = typed(now);
  return (
    <form noValidate className="admin-form" onSubmit={(event) => void save(event)}>
      {form.hasMoved && form.isDirty && <Moved now={`${shown.hospital} · ${shown.idle} · ${shown.offline}`} onReopen={form.reopen} onGoOn={form.goOn} />}
      <Found box={form.box} problems={form.problems} fields={['hospital', 'idleMinutes', 'offlineHours']} testId="settings-problems" />
      <TextInput data-testid="settings-hospital" label={t('settings.hospital')} description={t('settings.hospitalHint')} error={sentence('hospital')} maxLength={80} dir="auto" autoComplete="off" value={form.draft.hospital} onChange={(event) => form.set({ hospital: event.currentTarget.value })} />
      <TextInput data-testid="settings-idle" label={t('settings.idle')} description={t('settings.idleHint')} error={sentence('idleMinutes')} inputMode="numeric" maxLength={4} autoComplete="off" value={form.draft.idle} onChange={(event) => form.set({ idle: event.currentTarget.value })} />
      <TextInput data-testid="settings-offline" label={t('settings.offline')} description={t('settings.offlineHint')} error={sentence('offlineHours')} inputMode="numeric" maxLength={4} autoComplete="off" value={form.draft.offline} onChange={(event) => form.set({ offline: event.currentTarget.value })} />
      <Group><Button type="submit" data-testid="settings-save" loading={form.isBusy}>{t('hours.save')}</Button></Group>
    </form>
  );
}

function Fixed({ now: { zone, facility, refundLimit, cashRefundLimit } }: { now: SettingsNow }) {
  const t = useWords();
  return (
    <Card title={t('settings.fixed')}>
      <Facts
        facts={[
          [t('settings.zone'), <>{zone}<span className="line-facts">{t('settings.zoneHint')}</span></>],
          [t('settings.facility'), <>{facility}<span className="line-facts">{t('settings.facilityHint')}</span></>],
          ...(refundLimit && cashRefundLimit ? [[t('settings.refunds'), (
            <>
              <Amount minor={refundLimit.amount_minor} currency={refundLimit.currency} />; {t('settings.inCash')} <Amount minor={cashRefundLimit.amount_minor} currency={cashRefundLimit.currency} />
              <span className="line-facts">{t('settings.refundsHint')}</span>
            </>
          )] as const] : []),
        ]}
      />
    </Card>
  );
}
