import { useEffect, useMemo, useRef, useState } from 'react';
import type { Held, Kind, Problem, Row } from '../backend/types.gen';
import { changes, same, wholeDraft } from './changes';
import { useBackend, useSession } from './context';
import { dropDraft, keepDraft, settleDraft, useDrafts, type Draft } from './drafts';
import { isTemporary, newId } from './ids';
import type { Route } from './route';

export interface FormSpec<T extends object> {
  key: string;
  kind: Kind;
  route: Route;
  /** What the chip of an unfinished form says. */
  title: string;
  /** The record as it is now; nothing for a new one. */
  row: Row | null;
  /** The form's values as the record has them now, or the blanks of a new one. */
  initial: T;
  /** Held work that is put right: the form opens with its draft. */
  held?: Held | null;
  heldValues?: T;
  /** Lists in which an element left blank is a mistake to point out, not something to leave away. */
  keeps?: readonly string[];
}

export interface RecordForm<T extends object> {
  values: T;
  id: string;
  isDirty: boolean;
  isSaving: boolean;
  problems: Problem[];
  warnings: Problem[];
  /** Counts refused saves, so that the summary takes the focus each time. */
  refusals: number;
  /** The newer version, when the record changed after this form was half filled. */
  newer: Row | null;
  set(change: Partial<T>): void;
  setAt(path: string, value: unknown): void;
  at(path: string): unknown;
  problemAt(path: string): Problem | undefined;
  warningsAt(path: string): Problem[];
  /** Returns the saved row, or nothing when there are problems to put right: those of what it is to become next, too. */
  submit(more?: Partial<T>, next?: Partial<T>): Promise<Row | null>;
  discard(): void;
}

type Elements = { id: string }[];

/** A form over one record: keeps its base, sends what changed, shows the problems it gets back, never loses input. */
export function useRecordForm<T extends object>(spec: FormSpec<T>): RecordForm<T> {
  const staff = useSession().staff.id;
  const [freshId] = useState(() => newId());
  const [refusals, setRefusals] = useState(0);
  const stored = useDrafts(staff).find((one) => one.key === spec.key);
  const draft: Draft = stored ?? {
    key: spec.key, staff, route: spec.route, title: spec.title, initial: spec.initial, values: spec.heldValues ?? spec.initial,
    id: spec.row?.id ?? spec.held?.record ?? freshId, base: spec.row?.heads ?? null,
  };
  const values = draft.values as T;
  const judged = useJudgement(spec, values, draft.base === null ? null : draft.id, refusals > 0);
  const { save, isSaving } = useSaving(spec, draft, judged.setProblems);
  const set = (change: Partial<T>) => keepDraft({ ...draft, values: { ...values, ...change } });

  return {
    values, set, isSaving, refusals, id: draft.id, problems: judged.problems, warnings: judged.warnings,
    isDirty: !same(draft.initial, values),
    newer: stored && spec.row && spec.row.heads !== draft.base ? spec.row : null,
    setAt: (path, value) => set(written(values, path, value)),
    at: (path) => read(values, path),
    problemAt: (path) => judged.problems.find((problem) => problem.field === path),
    warningsAt: (path) => judged.warnings.filter((warning) => warning.field === path),
    submit: async (more = {}, next = {}) => {
      const row = await save({ ...values, ...more }, next);
      if (!row) setRefusals((count) => count + 1);
      return row;
    },
    discard: () => dropDraft(spec.key, staff),
  };
}

/** Asks the desk what it thinks of the values after each pause in typing. */
function useJudgement<T extends object>({ kind, keeps }: FormSpec<T>, values: T, id: string | null, isAsked: boolean) {
  const backend = useBackend();
  const [problems, setProblems] = useState<Problem[]>([]);
  const [warnings, setWarnings] = useState<Problem[]>([]);
  const text = JSON.stringify(cleaned(values, keeps));
  useEffect(() => {
    let isCurrent = true;
    const timer = setTimeout(() => {
      void backend.check(kind, JSON.parse(text), id).then((checked) => {
        if (!isCurrent) return;
        setWarnings(checked.warnings);
        if (isAsked) setProblems(checked.problems);
      });
    }, 200);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
    // a refused save is judged by its own answer; typing after it asks again
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [backend, kind, id, text]);
  return { problems, warnings, setProblems };
}

function useSaving<T extends object>(spec: FormSpec<T>, draft: Draft, setProblems: (problems: Problem[]) => void) {
  const backend = useBackend();
  const [isSaving, setIsSaving] = useState(false);
  const isBusy = useRef(false);

  async function save(values: T, next: Partial<T>): Promise<Row | null> {
    if (isBusy.current) return null;
    isBusy.current = true;
    setIsSaving(true);
    try {
      const body = cleaned(values, spec.keeps);
      const checked = await backend.check(spec.kind, { ...body, ...next }, draft.base === null ? null : draft.id);
      setProblems(checked.problems);
      if (checked.problems.length > 0) return null;
      const answer = await backend.save({
        kind: spec.kind, id: draft.id, base: draft.base, held: spec.held?.id ?? null,
        draft: draft.base === null ? wholeDraft(body) : changes(draft.initial, body),
      });
      if (answer.outcome === 'problems') {
        setProblems(answer.problems);
        return null;
      }
      settleDraft(draft, answer.row.heads);
      return answer.row;
    } finally {
      isBusy.current = false;
      setIsSaving(false);
    }
  }

  return useMemo(() => ({ save, isSaving }), [isSaving, draft, spec.held]); // eslint-disable-line react-hooks/exhaustive-deps
}

/** What is there besides an id and words that were already chosen when the element was added. */
const chosen = ['id', 'use', 'script', 'criticality', 'verification', 'unit', 'route', 'frequency'];

/** The values without list elements that were added and left blank. */
export function cleaned<T extends object>(values: T, keeps: readonly string[] = []): T {
  const isBlank = (element: object) => Object.entries(element).every(([member, value]) => chosen.includes(member) || value === null || value === '');
  return Object.fromEntries(Object.entries(values).map(([name, value]) => {
    if (!Array.isArray(value)) return [name, value];
    return [name, (value as Elements).filter((element) => keeps.includes(name) || !(isTemporary(element.id) && isBlank(element)))];
  })) as T;
}

function read(values: object, path: string): unknown {
  const [name = '', id, memberName] = path.split('/');
  const value = (values as Record<string, unknown>)[name];
  if (!id || !memberName) return value;
  const element = (value as Elements | undefined)?.find((one) => one.id === id);
  return (element as Record<string, unknown> | undefined)?.[memberName];
}

function written<T extends object>(values: T, path: string, value: unknown): Partial<T> {
  const [name = '', id, memberName] = path.split('/');
  if (!id || !memberName) return { [name]: value } as Partial<T>;
  const list = (values as Record<string, Elements>)[name] ?? [];
  return { [name]: list.map((one) => (one.id === id ? { ...one, [memberName]: value } : one)) } as Partial<T>;
}
