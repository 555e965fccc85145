import { ActionIcon, Button, Group, SimpleGrid, Text } from '@mantine/core';
import { IconArrowBackUp, IconPlus, IconTrash } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Patient } from '../backend/types.gen';
import { ChoiceField, TextField } from '../parts/fields';
import type { RecordForm } from '../parts/form';
import { isTemporary, temporaryId } from '../parts/ids';
import { emptyAddress, emptyAlert, emptyAllergy, emptyContact, emptyName, emptyPhone, isStruck } from '../parts/records';
import { useWords, type Word } from '../parts/words';

type Form = RecordForm<Patient>;
type ListName = 'name' | 'telecom' | 'address' | 'contact' | 'alert' | 'allergy';

export function Section({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <fieldset className="section">
      <legend>{title}</legend>
      {note && <Text size="sm" c="dimmed" mb="xs">{note}</Text>}
      {children}
    </fieldset>
  );
}

interface ElementsProps<E> {
  form: Form;
  list: ListName;
  empty: E;
  add: Word;
  one: Word;
  isBarred?: boolean;
  isShown?: (element: E) => boolean;
  children: (element: E, path: string) => ReactNode;
}

/** A list in a form. What was saved before is never removed: it is marked as past and can be put back until Save. */
function Elements<E extends { id: string; ended?: string | null }>({ form, list, empty, add, one, isBarred = false, isShown, children }: ElementsProps<E>) {
  const t = useWords();
  const elements = form.values[list] as unknown as E[];
  const put = (next: E[]) => form.set({ [list]: next } as unknown as Partial<Patient>);
  const end = (element: E, ended: string | null) => put(elements.map((other) => (other.id === element.id ? { ...other, ended } : other)));
  const shown = elements.filter((element) => !isShown || isShown(element));
  return (
    <div className="elements">
      {shown.map((element, n) => (
        <div key={element.id} className={element.ended ? 'element element-past' : 'element'} role="group" aria-label={t(one, { n: n + 1 })}>
          {element.ended
            ? <Group gap="xs"><Text size="sm" c="dimmed"><s>{summary(element)}</s> {t('form.past')}</Text><PutBack onClick={() => end(element, null)} /></Group>
            : <>
              <div className="element-fields">{children(element, `${list}/${element.id}`)}</div>
              {!isBarred && <Remove one={t(one, { n: n + 1 })} onClick={() => (isTemporary(element.id) || list === 'allergy' ? put(elements.filter((other) => other.id !== element.id)) : end(element, new Date().toISOString().replace(/\.\d+Z$/, 'Z')))} />}
            </>}
        </div>
      ))}
      <Button variant="subtle" size="compact-sm" disabled={isBarred} leftSection={<IconPlus size={16} aria-hidden />} onClick={() => put([...elements, { ...empty, id: temporaryId() }])}>{t(add)}</Button>
    </div>
  );
}

function summary(element: object): string {
  const members = Object.entries(element).filter(([name]) => !['id', 'use', 'script', 'ended'].includes(name));
  return members.map(([, value]) => value).filter(Boolean).join(' ');
}

function Remove({ one, onClick }: { one: string; onClick: () => void }) {
  const t = useWords();
  return <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('form.remove', { what: one })} title={t('form.remove', { what: one })} onClick={onClick}><IconTrash size={18} aria-hidden /></ActionIcon>;
}

function PutBack({ onClick }: { onClick: () => void }) {
  const t = useWords();
  return <Button variant="subtle" size="compact-sm" leftSection={<IconArrowBackUp size={16} aria-hidden />} onClick={onClick}>{t('form.putBack')}</Button>;
}

const nameUses = ['official', 'usual', 'nickname', 'maiden', 'old', 'temp', 'anonymous'] as const;
const scripts = ['Latn', 'Arab', 'Cyrl', 'Deva', 'Grek', 'Hani', 'Hang', 'Hebr', 'Jpan', 'Thai'] as const;

export function NameFields({ form }: { form: Form }) {
  const t = useWords();
  return (
    <Elements form={form} list="name" empty={emptyName} add="add.name" one="one.name">
      {(_name, path) => (
        <SimpleGrid cols={{ base: 1, xs: 2, md: 5 }} spacing="sm">
          <TextField form={form} path={`${path}/family`} label={t('field.name.family')} dir="auto" />
          <TextField form={form} path={`${path}/given`} label={t('field.name.given')} dir="auto" />
          <TextField form={form} path={`${path}/prefix`} label={t('field.name.prefix')} dir="auto" />
          <ChoiceField form={form} path={`${path}/use`} label={t('field.name.use')} choices={nameUses.map((value) => ({ value, label: t(`NameUse.${value}`) }))} />
          <ChoiceField form={form} path={`${path}/script`} label={t('field.name.script')} blank={t('script.none')} choices={scripts.map((value) => ({ value, label: t(`script.${value}`) }))} />
        </SimpleGrid>
      )}
    </Elements>
  );
}

const phoneUses = ['mobile', 'home', 'work', 'temp', 'old'] as const;

export function PhoneFields({ form }: { form: Form }) {
  const t = useWords();
  return (
    <Elements form={form} list="telecom" empty={emptyPhone} add="add.phone" one="one.phone">
      {(_phone, path) => (
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
          <TextField form={form} path={`${path}/value`} label={t('field.telecom.value')} inputMode="tel" />
          <ChoiceField form={form} path={`${path}/use`} label={t('field.telecom.use')} choices={phoneUses.map((value) => ({ value, label: t(`ContactUse.${value}`) }))} />
        </SimpleGrid>
      )}
    </Elements>
  );
}

const addressUses = ['home', 'work', 'temp', 'old', 'billing'] as const;

export function AddressFields({ form }: { form: Form }) {
  const t = useWords();
  return (
    <Elements form={form} list="address" empty={emptyAddress} add="add.address" one="one.address">
      {(_address, path) => (
        <SimpleGrid cols={{ base: 1, xs: 2, md: 5 }} spacing="sm">
          <TextField form={form} path={`${path}/line`} label={t('field.address.line')} dir="auto" />
          <TextField form={form} path={`${path}/city`} label={t('field.address.city')} dir="auto" />
          <TextField form={form} path={`${path}/postalCode`} label={t('field.address.postalCode')} />
          <TextField form={form} path={`${path}/country`} label={t('field.address.country')} />
          <ChoiceField form={form} path={`${path}/use`} label={t('field.address.use')} choices={addressUses.map((value) => ({ value, label: t(`AddressUse.${value}`) }))} />
        </SimpleGrid>
      )}
    </Elements>
  );
}

export function ContactFields({ form }: { form: Form }) {
  const t = useWords();
  return (
    <Elements form={form} list="contact" empty={emptyContact} add="add.contact" one="one.contact">
      {(_contact, path) => (
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm">
          <TextField form={form} path={`${path}/name`} label={t('field.contact.name')} dir="auto" />
          <TextField form={form} path={`${path}/relationship`} label={t('field.contact.relationship')} />
          <TextField form={form} path={`${path}/phone`} label={t('field.contact.phone')} inputMode="tel" />
        </SimpleGrid>
      )}
    </Elements>
  );
}

export function AlertFields({ form, isBarred }: { form: Form; isBarred: boolean }) {
  const t = useWords();
  return (
    <Elements form={form} list="alert" empty={emptyAlert} add="add.alert" one="one.alert" isBarred={isBarred}>
      {(_alert, path) => <TextField form={form} path={`${path}/text`} label={t('field.alert.text')} isDisabled={isBarred} />}
    </Elements>
  );
}

const criticalities = ['high', 'low', 'unable-to-assess'] as const;
const verifications = ['confirmed', 'unconfirmed'] as const;

/** Only new allergies can be taken out here. A saved one is struck out on the chart, with a reason. */
export function AllergyFields({ form, isBarred }: { form: Form; isBarred: boolean }) {
  return (
    <Elements form={form} list="allergy" empty={emptyAllergy} add="add.allergy" one="one.allergy" isBarred={isBarred} isShown={(allergy) => isTemporary(allergy.id) && !isStruck(allergy)}>
      {(_allergy, path) => <AllergyGrid form={form} path={path} />}
    </Elements>
  );
}

export function AllergyGrid({ form, path }: { form: Form; path: string }) {
  const t = useWords();
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
      <TextField form={form} path={`${path}/substance`} label={t('field.allergy.substance')} />
      <TextField form={form} path={`${path}/reaction`} label={t('field.allergy.reaction')} />
      <ChoiceField form={form} path={`${path}/criticality`} label={t('field.allergy.criticality')} choices={criticalities.map((value) => ({ value, label: t(`Criticality.${value}`) }))} />
      <ChoiceField form={form} path={`${path}/verification`} label={t('field.allergy.verification')} choices={verifications.map((value) => ({ value, label: t(`Verification.${value}`) }))} />
    </SimpleGrid>
  );
}
