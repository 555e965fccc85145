// Every screen is clean by axe (WCAG 2.2 AA) and never wider than the window: light and dark, English and French,
// 1366×768, twice the text size, 320 pixels wide. Pictures of most of them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desk, findings, open, picture, sideways } from './harness.mjs';
import { screens } from './screens.mjs';

let house;
before(async () => { house = await open(); });
after(() => house.close());

const wide = { width: 1366, height: 768 };
const looks = [
  { name: 'light', scheme: 'light', isPictured: true },
  { name: 'dark', scheme: 'dark', isPictured: true },
  { name: 'french', scheme: 'light', language: 'fr', isPictured: true },
  { name: 'large', scheme: 'light', scale: 2 },
  { name: 'narrow', scheme: 'dark', viewport: { width: 320, height: 700 }, isPictured: true },
];

async function look(page, { scheme, language = 'en', viewport = wide, scale = 1 }) {
  await page.setViewportSize(viewport);
  await page.evaluate(([asked, tongue, size]) => {
    globalThis.setPrefs({ scheme: asked, language: tongue });
    document.documentElement.style.fontSize = `${size * 100}%`;
  }, [scheme, language, scale]);
}

const only = process.env.ONLY?.split(',');

for (const screen of screens.filter(({ name }) => !only || only.includes(name))) {
  test(`${screen.name} is clean in every look`, async () => {
    const page = await desk(house, { hash: screen.hash, ...(screen.asked === undefined ? {} : { asked: screen.asked }) });
    await screen.show?.(page);
    const wrong = [];
    for (const one of looks) {
      await look(page, one);
      if (one.isPictured) await picture(page, `${screen.name}-${one.name}`);
      for (const finding of await findings(page)) wrong.push(`${one.name}: ${finding}`);
      const over = await sideways(page);
      if (over > 0) wrong.push(`${one.name}: ${over} pixels wider than the window`);
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
}
