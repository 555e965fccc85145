import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';
import { dropAllDrafts } from './parts/drafts';

// a slow machine is no fault of a form
configure({ asyncUtilTimeout: 15_000 });

/** What jsdom lacks and the kit asks for. */
window.matchMedia ??= (query: string) => ({
  matches: false, media: query, onchange: null, addEventListener: () => undefined, removeEventListener: () => undefined,
  addListener: () => undefined, removeListener: () => undefined, dispatchEvent: () => false,
});
window.ResizeObserver ??= class {
  observe() { return undefined; }
  unobserve() { return undefined; }
  disconnect() { return undefined; }
};
Object.defineProperty(document, 'fonts', { value: new EventTarget(), configurable: true });
Element.prototype.scrollIntoView ??= () => undefined;
Element.prototype.scrollTo ??= () => undefined;
window.scrollTo = () => undefined;

afterEach(() => {
  cleanup();
  dropAllDrafts();
  window.location.hash = '';
  localStorage.clear();
});
