import type { Problem } from './types.gen';

/** A refused command carries problems; anything else is a fault that a person cannot put right but must see. */
export function problemsOf(reason: unknown): Problem[] {
  const isProblem = (item: unknown) => typeof item === 'object' && item !== null && 'code' in item;
  if (Array.isArray(reason) && reason.length > 0 && reason.every(isProblem)) return reason as Problem[];
  return [{ code: 'fault', field: '', with: { detail: typeof reason === 'string' ? reason : '' } }];
}
