import { act, renderHook } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { useKeys } from './keys';

function press(key: string, timeStamp: number) {
  const event = new KeyboardEvent('keydown', { key });
  Object.defineProperty(event, 'timeStamp', { value: timeStamp });
  act(() => void window.dispatchEvent(event));
}

test('two letters belong together when they were pressed together, however busy the window is', () => {
  vi.useFakeTimers();
  const today = vi.fn();
  const other = vi.fn();
  renderHook(() => useKeys({ 'g t': today, t: other }, true));
  press('g', 1000);
  vi.advanceTimersByTime(5000);
  press('t', 1100);
  expect([today, other].map((one) => one.mock.calls.length)).toEqual([1, 0]);
  press('g', 2000);
  press('t', 3300);
  expect([today, other].map((one) => one.mock.calls.length)).toEqual([1, 1]);
  vi.useRealTimers();
});
