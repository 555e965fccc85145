import type { Conflict, HistoryEntry, Kind, Version } from './types.gen';

/** A record that merges, as far as the window can tell: every change names the changes it was made on top of. */

export interface Write { path: string; value: unknown }
export interface Change { hash: string; deps: string[]; staff: string; at: string; device: number; writes: Write[] }
export type Flat = Record<string, unknown>;

const lists: Record<Kind, readonly string[]> = {
  patient: ['name', 'telecom', 'address', 'contact', 'allergy', 'alert', 'link'],
  appointment: ['move', 'offer'],
  prescription: ['line', 'signature'],
};

interface Written { value: unknown; change: Change }

export class FakeDocument {
  constructor(readonly kind: Kind, readonly changes: readonly Change[] = []) {}

  with(change: Change): FakeDocument {
    return new FakeDocument(this.kind, [...this.changes, change]);
  }

  /** The document without some changes and all that build on them. */
  without(refused: readonly string[]): FakeDocument {
    const gone = new Set(refused);
    for (const change of this.changes) if (change.deps.some((dep) => gone.has(dep))) gone.add(change.hash);
    return new FakeDocument(this.kind, this.changes.filter((change) => !gone.has(change.hash)));
  }

  heads(): string[] {
    const built = new Set(this.changes.flatMap((change) => change.deps));
    return this.changes.map((change) => change.hash).filter((hash) => !built.has(hash)).sort();
  }

  at(heads: readonly string[]): FakeDocument {
    const known = this.ancestors(heads);
    return new FakeDocument(this.kind, this.changes.filter((change) => known.has(change.hash)));
  }

  flat(): Flat {
    return Object.fromEntries([...this.written()].map(([path, versions]) => [path, versions[0]!.value]));
  }

  body(): object {
    return bodyOf(this.kind, this.flat());
  }

  conflictCount(): number {
    return [...this.written()].filter(([, versions]) => versions.length > 1).length;
  }

  /** Whether a field holds other values than at a version somebody looked at. */
  hasMoved(path: string, seen: readonly string[]): boolean {
    const writers = (document: FakeDocument) => (document.written().get(path) ?? []).map(({ change }) => change.hash).join();
    return writers(this) !== writers(this.at(seen));
  }

  conflicts(here: number): Conflict[] {
    return [...this.written()].filter(([, versions]) => versions.length > 1).map(([path, versions]) => {
      const before = this.at(this.commonAncestors(versions.map(({ change }) => change))).flat()[path] ?? null;
      const rule = { code: 'rule.same_everywhere', field: path, with: {} };
      return { path, rule, before, values: versions.map(({ value, change }): Version => ({
        value, staff: change.staff, at: change.at, device: change.device, isHere: change.device === here,
      })) };
    });
  }

  /** Newest first. */
  history(): HistoryEntry[] {
    return this.changes.map((change): HistoryEntry => {
      const before = this.at(change.deps).flat();
      return { staff: change.staff, at: change.at, device: change.device, fields: change.writes.map(({ path, value }) => (
        { path, before: before[path] ?? null, after: value }
      )) };
    }).reverse();
  }

  private ancestors(heads: readonly string[]): Set<string> {
    const known = new Set(heads);
    for (const change of [...this.changes].reverse()) {
      if (known.has(change.hash)) change.deps.forEach((dep) => known.add(dep));
    }
    return known;
  }

  private commonAncestors(of: Change[]): string[] {
    const sets = of.map((change) => this.ancestors(change.deps));
    return this.changes.map((change) => change.hash).filter((hash) => sets.every((set) => set.has(hash)));
  }

  private written(): Map<string, Written[]> {
    const fields = new Map<string, Written[]>();
    for (const change of this.changes) {
      const known = this.ancestors(change.deps);
      for (const { path, value } of change.writes) {
        const apart = (fields.get(path) ?? []).filter((old) => !known.has(old.change.hash));
        fields.set(path, this.preferred(path, { value, change }, apart));
      }
    }
    return fields;
  }

  private preferred(path: string, written: Written, apart: Written[]): Written[] {
    const others = apart.filter((old) => JSON.stringify(old.value) !== JSON.stringify(written.value));
    if (path === 'notes' && others.length > 0) {
      const lines = [...others.map(({ value }) => String(value)), String(written.value)].join('\n').split('\n');
      return [{ value: [...new Set(lines)].join('\n'), change: written.change }];
    }
    return [written, ...others];
  }
}

/** The paths a draft writes; gives new list elements an id. */
export function writesOf(kind: Kind, draft: object, newElement: () => string): Write[] {
  return Object.entries(draft).flatMap(([name, value]) => {
    if (!lists[kind].includes(name)) return [{ path: name, value }];
    return (value as Record<string, unknown>[]).flatMap((element) => {
      const id = element.id || newElement();
      return Object.entries(element).filter(([member]) => member !== 'id')
        .map(([member, inner]) => ({ path: `${name}/${id}/${member}`, value: inner }));
    });
  });
}

export function bodyOf(kind: Kind, flat: Flat): object {
  const body: Record<string, unknown> = {};
  const elements = new Map<string, Record<string, unknown>>();
  for (const [path, value] of Object.entries(flat)) {
    const [name = '', id, member] = path.split('/');
    if (!id || !member) {
      body[name] = value;
      continue;
    }
    const key = `${name}/${id}`;
    if (!elements.has(key)) {
      elements.set(key, { id });
      body[name] = [...((body[name] as unknown[]) ?? []), elements.get(key)];
    }
    elements.get(key)![member] = value;
  }
  for (const name of lists[kind]) body[name] ??= [];
  return body;
}
