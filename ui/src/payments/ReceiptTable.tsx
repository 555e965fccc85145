import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Problem, ReceiptLine } from '../backend/types.gen';
import { useBackend, useNames } from '../parts/context';
import { Empty } from '../parts/Empty';
import { newId } from '../parts/ids';
import { moneyText } from '../parts/money';
import { usePaper } from '../parts/paper';
import { toast } from '../parts/toast';
import { useTime } from '../parts/useTime';
import { useWords } from '../parts/words';
import { ReceiptState } from './ReceiptState';

/** What this desk gave out: each stays, also one that was a mistake. */
export function ReceiptTable({ lines }: { lines: ReceiptLine[] }) {
  const t = useWords();
  const [voiding, setVoiding] = useState<ReceiptLine | null>(null);
  if (lines.length === 0) return <Empty>{t('cashier.noReceipts')}</Empty>;
  return (
    <>
      <table className="table" aria-label={t('cashier.receipts')}>
        <thead><tr><th scope="col">{t('receipt.title')}</th><th scope="col" className="amount">{t('receipt.amount')}</th><th scope="col">{t('column.state')}</th><th scope="col"><span className="visually-hidden">{t('column.actions')}</span></th></tr></thead>
        <tbody>{lines.map((line) => <Line key={line.number} line={line} onVoid={setVoiding} />)}</tbody>
      </table>
      {voiding && <VoidDialog line={voiding} onClose={() => setVoiding(null)} />}
    </>
  );
}

function Line({ line, onVoid }: { line: ReceiptLine; onVoid: (line: ReceiptLine) => void }) {
  const t = useWords();
  const time = useTime();
  const names = useNames();
  const paper = usePaper();
  const facts = [time(new Date(line.atMs).toISOString()), names.staff(line.by), line.how && t.of('Tendered', line.how), line.reference].filter(Boolean).join(' · ');
  return (
    <tr data-testid="receipt" data-number={line.number}>
      <td className="wraps"><bdi dir="ltr">{line.number}</bdi><span className="line-facts">{facts}</span>{line.voids && <span className="line-facts">{t('receipt.makesVoid', { number: line.voids, reason: line.reason ?? '' })}</span>}</td>
      <td className="amount">{line.amount ? moneyText(line.amount) : '–'}</td>
      <td className="wraps"><ReceiptState line={line} /></td>
      <td>
        <Group gap={4} wrap="nowrap" justify="flex-end">
          <Button size="compact-sm" variant="subtle" onClick={() => void paper.receipt(line.number)}>{t(line.isPrinted ? 'receipt.printCopy' : 'receipt.print')}</Button>
          {line.amount && !line.voidedBy && <Button size="compact-sm" variant="subtle" data-testid="receipt-void" onClick={() => onVoid(line)}>{t('receipt.makeVoid')}</Button>}
        </Group>
      </td>
    </tr>
  );
}

function VoidDialog({ line, onClose }: { line: ReceiptLine; onClose: () => void }) {
  const t = useWords();
  const backend = useBackend();
  const client = useQueryClient();
  const [id] = useState(newId);
  const [reason, setReason] = useState('');
  const [problems, setProblems] = useState<Problem[]>([]);
  const text = problems.map((problem) => t.problem(problem)).join(' ') || undefined;

  async function submit() {
    const answer = await backend.money.voidReceipt(id, line.number, reason);
    setProblems(answer.ok ? [] : answer.problems);
    if (!answer.ok) return;
    toast(t('receipt.madeVoid', { number: line.number, by: answer.value.number }));
    onClose();
    await client.invalidateQueries({ queryKey: ['account'] });
  }

  return (
    <Modal opened onClose={onClose} title={t('receipt.voidTitle', { number: line.number })} closeButtonProps={{ 'aria-label': t('close') }}>
      <form noValidate onSubmit={(event) => { event.preventDefault(); void submit(); }}>
        <Stack gap="sm">
          <Text size="sm">{t('receipt.voidExplain', { amount: line.amount ? moneyText(line.amount) : '' })}</Text>
          <TextInput data-autofocus data-testid="void-reason" label={t('receipt.voidReason')} withAsterisk aria-required maxLength={200} dir="auto" autoComplete="off" error={text} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
          <Group gap="xs">
            <Button type="submit" color="red.9" data-testid="void-submit">{t('receipt.makeVoid')}</Button>
            <Button variant="default" onClick={onClose}>{t('console.cancel')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
