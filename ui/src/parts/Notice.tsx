import { IconAlertCircle, IconInfoCircle } from '@tabler/icons-react';
import type { ReactNode, Ref } from 'react';

interface NoticeProps { kind: 'held' | 'conflict' | 'info' | 'warn'; title?: string; icon?: ReactNode; children?: ReactNode; box?: Ref<HTMLDivElement>; role?: 'alert'; testId?: string }

/** Something to know before going on, in a box: a sign, a title, words. */
export function Notice({ kind, title, icon, children, box, role, testId }: NoticeProps) {
  return (
    <div ref={box} tabIndex={box ? -1 : undefined} role={role} data-testid={testId} className={`notice notice-boxed notice-${kind}`}>
      {icon ?? (kind === 'held' ? <IconAlertCircle size={20} aria-hidden /> : <IconInfoCircle size={20} aria-hidden />)}
      <div>{title && <p className="notice-title">{title}</p>}{children}</div>
    </div>
  );
}
