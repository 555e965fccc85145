import { isTemporary } from './ids';

/** What a form changed, as the draft of a save: absent members stay, null empties, new list elements have no id. */

type Value = unknown;
type Members = Record<string, Value>;

const isList = (value: Value): value is Members[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null && 'id' in item);

export function same(a: Value, b: Value): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The members of `now` that differ from `before`. */
export function changes(before: object, now: object): Members {
  const changed: Members = {};
  for (const [member, value] of Object.entries(now)) {
    const old = (before as Members)[member];
    if (same(value, old)) continue;
    if (isList(value)) {
      const elements = changedElements(isList(old) ? old : [], value);
      if (elements.length > 0) changed[member] = elements;
    } else {
      changed[member] = value;
    }
  }
  return changed;
}

function changedElements(before: Members[], now: Members[]): Members[] {
  return now.flatMap((element) => {
    const old = before.find((other) => other.id === element.id);
    if (!old || isTemporary(String(element.id))) return [withoutBlanks({ ...element, id: '' })];
    const changed = changes(old, element);
    return Object.keys(changed).length > 0 ? [{ id: element.id, ...changed }] : [];
  });
}

/** A whole new record: everything that was filled in. */
export function wholeDraft(now: object): Members {
  return changes({}, withoutBlanks(now as Members));
}

function withoutBlanks(members: Members): Members {
  const isBlank = (value: Value) => value === null || value === '' || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(members).filter(([name, value]) => name === 'id' || !isBlank(value)));
}
