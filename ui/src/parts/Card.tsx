import type { ReactNode } from 'react';

/** A titled part of a page. */
export function Card({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  return (
    <section className="card">
      <div className="card-head"><h2>{title}</h2>{action}</div>
      {children}
    </section>
  );
}
