// The central console in Debian's Firefox against a real hub, which a test of the hub starts (sync-server/tests/hub/console_journey.rs):
// people sign in and open every page of their menu; each is looked at by axe, wide and at 320 pixels.
import assert from 'node:assert/strict';
import puppeteer from 'puppeteer-core';
import { code, findings, picture, settled, sideways } from './harness.mjs';

const { ADDRESS, PASSWORD, SECRET } = process.env;
const wide = { width: 1366, height: 768 };
const narrow = { width: 320, height: 700 };
const byId = (id) => `[data-testid="${id}"]`;
const faults = [];
const wrong = [];

const browser = await puppeteer.launch({
  browser: 'firefox', executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
  // the hub's certificate is of its own authority, which a hospital gives its browsers
  acceptInsecureCerts: true, extraPrefsFirefox: { 'ui.prefersReducedMotion': 1, 'intl.accept_languages': 'en-GB' },
});

/** Opens a window of its own for somebody, and signs them in. */
async function signIn(username, { hasCode }) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && !/Failed to load resource/.test(message.text()) && faults.push(message.text()));
  await page.setViewport(wide);
  await page.goto(ADDRESS);
  await page.locator(byId('sign-in-username')).fill(username);
  await page.locator(byId('sign-in-password')).fill(PASSWORD);
  await page.locator(byId('sign-in-submit')).click();
  if (hasCode) {
    await page.locator(byId('sign-in-code')).fill(code(SECRET));
    await page.locator(byId('sign-in-submit')).click();
  }
  await page.locator(byId('user-menu')).wait();
  return page;
}

async function look(page, name) {
  for (const [kind, viewport] of [['wide', wide], ['narrow', narrow]]) {
    await page.setViewport(viewport);
    await settled(page);
    await picture(page, `firefox-${name}-${kind}`);
    for (const finding of await findings(page)) wrong.push(`${name} ${kind}: ${finding}`);
    if ((await sideways(page)) > 0) wrong.push(`${name} ${kind}: wider than the window`);
  }
  await page.setViewport(wide);
}

try {
  const seen = new Set();
  for (const [username, hasCode] of [['mia', true], ['wei', true], ['bela', false]]) {
    const page = await signIn(username, { hasCode });
    const rooms = await page.$$eval('nav a', (links) => links.map((link) => link.dataset.testid));
    assert.ok(rooms.length > 5, `${username} has a menu`);
    for (const room of rooms.filter((one) => !seen.has(one))) {
      seen.add(room);
      await page.locator(byId(room)).click();
      await page.locator(`${byId(room)}[aria-current=page]`).wait();
      await page.locator('main h1').wait();
      await settled(page);
      await look(page, room);
    }
  }
  assert.ok(seen.has('nav-overview') && seen.has('nav-staff') && seen.has('nav-bills'), 'every page of the menu');
  assert.deepEqual(wrong, []);
  assert.deepEqual(faults, []);
} finally {
  await browser.close();
}
