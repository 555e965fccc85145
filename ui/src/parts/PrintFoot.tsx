import { useSession } from './context';
import { useMoment } from './useTime';
import { useWords } from './words';

/** Who printed it and when: paper does not say that it is out of date. */
export function PrintFoot() {
  const t = useWords();
  const time = useMoment();
  const { staff } = useSession();
  return <p className="print-only">{t('print.foot', { who: staff.name, time: time(new Date().toISOString()) })}</p>;
}
