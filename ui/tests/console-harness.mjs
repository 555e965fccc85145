// What journeys through the central console need: browsers, somebody signed in, and a look at a screen in every look.
import { chromium } from 'playwright-core';
import { code, findings, picture, settled, sideways } from './harness.mjs';

const { ADDRESS, PASSWORD, SECRET } = process.env;
export { PASSWORD };
const wide = { width: 1366, height: 768 };

/** The six digits that an authenticator shows now with a secret as it is typed: unpadded base 32, in groups. */
export function digits(secret) {
  const bits = [...secret.replaceAll('-', '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return code(Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2))).toString('hex'));
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });

export async function open() {
  // the hub's certificate is of its own authority, which a hospital gives its browsers
  const context = await browser.newContext({ viewport: wide, colorScheme: 'light', reducedMotion: 'reduce', ignoreHTTPSErrors: true, locale: 'en-GB' });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(String(error)));
  // a call that is refused is said by the browser as well
  page.on('console', (message) => message.type() === 'error' && !/Failed to load resource/.test(message.text()) && page.faults.push(message.text()));
  await page.goto(ADDRESS);
  return page;
}

/** Signs somebody in; who decides what others may do is asked for a code. */
export async function signIn(page, username, { hasCode = true } = {}) {
  await page.getByTestId('sign-in-username').fill(username);
  await page.getByTestId('sign-in-password').fill(PASSWORD);
  await page.getByTestId('sign-in-submit').click();
  if (hasCode) {
    await page.getByTestId('sign-in-code').fill(code(SECRET));
    await page.getByTestId('sign-in-submit').click();
  }
  await page.getByTestId('user-menu').waitFor();
}

/** Looks at a screen as it stands in every look; what is wrong with it is collected. */
export const wrong = [];
export async function look(page, name) {
  for (const [kind, colorScheme, viewport] of [['light', 'light', wide], ['dark', 'dark', wide], ['narrow', 'dark', { width: 320, height: 700 }]]) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize(viewport);
    await settled(page);
    await picture(page, `hub-${name}-${kind}`);
    for (const finding of await findings(page)) wrong.push(`${name} ${kind}: ${finding}`);
    if ((await sideways(page)) > 0) wrong.push(`${name} ${kind}: wider than the window`);
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize(wide);
}

export const close = () => browser.close();
