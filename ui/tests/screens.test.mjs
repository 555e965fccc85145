// Every screen is clean by axe (WCAG 2.2 AA) and never wider than the window: light and dark, English and French,
// 1366×768, twice the text size, 320 pixels wide. Pictures of all of them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desk, findings, open, picture, sideways } from './harness.mjs';
import { screens } from './screens.mjs';

let house;
before(async () => { house = await open(); });
after(() => house.close());

const looks = [
  { name: 'light', scheme: 'light', isPictured: true },
  { name: 'dark', scheme: 'dark', isPictured: true },
  { name: 'french', scheme: 'light', language: 'fr', isPictured: true },
  { name: 'large', scheme: 'light', scale: 2 },
  { name: 'narrow', scheme: 'dark', viewport: { width: 320, height: 700 }, isPictured: true },
];

const only = process.env.ONLY?.split(',');

for (const look of looks) {
  for (const screen of screens.filter(({ name }) => !only || only.includes(name))) {
    test(`${screen.name} in ${look.name} is clean`, async () => {
      const page = await desk(house, { ...look, hash: screen.hash, ...(screen.asked === undefined ? {} : { asked: screen.asked }) });
      await screen.show?.(page);
      if (look.isPictured) await picture(page, `${screen.name}-${look.name}`);
      assert.deepEqual(await findings(page), []);
      assert.ok(await sideways(page) <= 0, 'the page is wider than the window');
      assert.deepEqual(page.faults, []);
      await page.context().close();
    });
  }
}
