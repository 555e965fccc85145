import { Paper, Title } from '@mantine/core';
import { useEffect, useRef, type ReactNode } from 'react';

/** The frame of what is shown before anybody is signed in. */
export function Door({ title, above, children }: { title: string; above?: ReactNode; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!document.activeElement || document.activeElement === document.body) heading.current?.focus();
  }, []);
  return (
    <main className="door">
      <div className="door-inner">
        <div className="door-brand"><img src="./wardbook.svg" alt="" width={36} height={36} /> <span>Wardbook</span></div>
        {above}
        <Paper withBorder p="lg" radius="md" className="door-card">
          <Title order={1} ref={heading} tabIndex={-1} className="page-title" mb="sm">{title}</Title>
          {children}
        </Paper>
      </div>
    </main>
  );
}
