import { Group, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useLayoutEffect, useRef, type ReactNode } from 'react';

interface PageProps { title: string; titleExtra?: ReactNode; actions?: ReactNode; banner?: ReactNode; isBare?: boolean; children: ReactNode }

/** One screen: its title takes the focus when it opens, so that the keyboard and a reader start there. */
export function Page({ title, titleExtra, actions, banner, isBare = false, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  // no name of a patient in the title of the window: it shows on the task bar of a locked desk
  useDocumentTitle('Wardbook');
  // with the screen itself: later it would take the focus from somebody who is typing already
  useLayoutEffect(() => {
    heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className="page">
      {banner}
      <Group className={isBare ? 'visually-hidden' : 'page-head'} justify="space-between" gap="sm">
        <Group gap="md">
          <Title order={1} ref={heading} tabIndex={-1} className="page-title">{title}</Title>
          {titleExtra}
        </Group>
        {actions && <Group gap="xs" className="no-print">{actions}</Group>}
      </Group>
      {children}
    </div>
  );
}
