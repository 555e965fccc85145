import type { Outcome } from '../backend';
import type { Problem } from '../backend/types.gen';
import { Refused } from './backend';

/** Calls to the hub below `/console/v1`. */

const unreachable: Problem = { code: 'console.unreachable', field: '', with: {} };

export function get<T>(path: string, asked: Record<string, string | null> = {}): Promise<T> {
  const pairs = Object.entries(asked).filter((pair): pair is [string, string] => pair[1] !== null);
  const search = pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : '';
  return call(`/console/v1/${path}${search}`, { method: 'GET' });
}

/** A call with a key is done once, however often it is made. */
export function post<T>(path: string, body: unknown, key?: string): Promise<T> {
  // no form of another site can send this header
  const headers: Record<string, string> = { 'content-type': 'application/json', 'x-wardbook-console': '1' };
  if (key) headers['idempotency-key'] = key;
  return call(`/console/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** A file, as it comes. */
export async function file(path: string): Promise<Blob> {
  const answer = await send(`/console/v1/${path}`, { method: 'GET' });
  if (answer.ok) return answer.blob();
  throw refused(answer.status, await answer.text());
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...init, credentials: 'same-origin', redirect: 'error' });
  } catch {
    throw new Refused(0, [unreachable]);
  }
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  const answer = await send(path, init);
  const text = await answer.text();
  if (answer.ok) return parse(text) as T;
  throw refused(answer.status, text);
}

function refused(status: number, text: string): Refused {
  const problems = (parse(text) as { problems?: Problem[] } | null)?.problems ?? [];
  return new Refused(status, problems.length > 0 ? problems : [unreachable]);
}

function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

export async function outcome<T>(call: Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await call };
  } catch (reason) {
    if (reason instanceof Refused) return { ok: false, problems: reason.problems };
    throw reason;
  }
}
