import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** What an empty list says, and what to do about it. */
export function Empty({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <Text c="dimmed">{children}</Text>
      {action}
    </div>
  );
}
