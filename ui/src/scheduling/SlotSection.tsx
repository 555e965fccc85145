import type { ReactNode } from 'react';
import { useWords } from '../parts/words';

/** The frame of the fields of an appointment. */
export function SlotSection({ children }: { children: ReactNode }) {
  const t = useWords();
  return <fieldset className="section"><legend>{t('section.appointment')}</legend><div className="narrow">{children}</div></fieldset>;
}
