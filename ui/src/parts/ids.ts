/** Makes a UUIDv7: in order of time, made once per form. */
export function newId(now: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let ms = now;
  for (let place = 5; place >= 0; place -= 1) {
    bytes[place] = ms % 256;
    ms = Math.floor(ms / 256);
  }
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

let count = 0;

/** Names a new list element until the desk gives it an id. Never saved: see `changes.ts`. */
export function temporaryId(): string {
  count += 1;
  return `new-${count}`;
}

export function isTemporary(id: string): boolean {
  return id === '' || id.startsWith('new-');
}
