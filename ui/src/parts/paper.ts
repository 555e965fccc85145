import type { Outcome } from '../backend';
import { useBackend } from './context';
import { toastProblem } from './toast';
import { useWords } from './words';

/** Sheets that the desk has set, each page a picture (SVG). They are printed from memory: no file is left behind. */

const paperClass = 'paper';

/** Says whether sheets are being printed, rather than the screen. */
export const isPrintingPaper = (): boolean => document.querySelector(`.${paperClass}`) !== null;

function pictureOf(svg: string): HTMLImageElement {
  const page = document.createElement('img');
  page.alt = '';
  page.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  return page;
}

/** Opens the system's print dialog on the pages, and forgets them when it closes. */
export async function printPages(pages: readonly string[]): Promise<void> {
  document.querySelector(`.${paperClass}`)?.remove();
  const paper = document.createElement('div');
  paper.className = paperClass;
  const pictures = pages.map(pictureOf);
  paper.append(...pictures);
  document.body.append(paper);
  window.addEventListener('afterprint', () => paper.remove(), { once: true });
  // a picture that was not read yet prints as nothing
  await Promise.all(pictures.map((picture) => picture.decode()));
  window.print();
}

/** Asks the desk for sheets and prints them, or says why not. */
export function usePaper() {
  const backend = useBackend();
  const t = useWords();
  async function print(asked: Promise<Outcome<string[]>>) {
    const answer = await asked;
    if (answer.ok) return printPages(answer.value);
    toastProblem(answer.problems.map((problem) => t.problem(problem)).join(' '));
  }
  return {
    slip: (appointment: string) => void print(backend.printSlip(appointment, t.language)),
    receipt: (number: string) => print(backend.money.printReceipt(number, t.language)),
    bill: (bill: string) => void print(backend.money.printBill(bill, t.language)),
    dayList: (practitioner: string, date: string) => void print(backend.printDayList(practitioner, date, t.language)),
  };
}
