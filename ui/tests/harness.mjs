// What every journey needs: the built window behind the same content security policy as the desktop program, Debian's
// Chromium, axe, and a folder for pictures.
import { createHmac } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const site = join(here, '../test-results/site');
export const pictures = join(process.env.SCREENSHOTS ?? join(here, '../../screenshots'), 'chromium');
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
  + "connect-src 'none'; base-uri 'none'; form-action 'none'";

async function serve() {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname);
    const file = join(site, path === '/' ? 'index.html' : path);
    try {
      const body = await readFile(file);
      response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream', 'content-security-policy': policy });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

/** Opens Chromium and the site; `close` ends both. */
export async function open() {
  const server = await serve();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  const address = `http://127.0.0.1:${server.address().port}/`;
  return { browser, address, close: async () => { await browser.close(); server.close(); } };
}

const wide = { width: 1366, height: 768 };

/** Opens a window of one desk. `asked` goes to the made-up hospital; see src/backend/fake-start.ts. */
export async function desk({ browser, address }, { asked = 'user=musa&latency=20', hash = '#/today', scheme = 'light', language = 'en', viewport = wide, scale = 1 } = {}) {
  const context = await browser.newContext({ viewport, colorScheme: scheme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && page.faults.push(message.text()));
  await page.addInitScript(({ language: tongue, scale: size }) => {
    localStorage.setItem('wardbook.prefs.', JSON.stringify({ language: tongue, density: 'compact' }));
    if (size !== 1) addEventListener('DOMContentLoaded', () => { document.documentElement.style.fontSize = `${size * 100}%`; });
  }, { language, scale });
  await page.goto(`${address}?${asked}${hash}`);
  await page.locator('h1').first().waitFor();
  return page;
}

export async function visit(page, hash) {
  await page.evaluate((to) => { location.hash = to; }, hash);
  await page.locator('main h1').first().waitFor();
  await settled(page);
}

/** Waits until the window has drawn what it has. */
export async function settled(page) {
  await page.evaluate(() => new Promise((done) => {
    let quiet;
    const watch = new MutationObserver(() => { clearTimeout(quiet); quiet = setTimeout(end, 120); });
    const end = () => { watch.disconnect(); requestAnimationFrame(() => requestAnimationFrame(done)); };
    watch.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
    quiet = setTimeout(end, 120);
  }));
}

export async function picture(page, name) {
  await mkdir(pictures, { recursive: true });
  await settled(page);
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds against WCAG 2.2 AA, one line per finding. */
export async function findings(page) {
  await settled(page);
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }, resultTypes: ['violations'],
  }));
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.any[0]?.message ?? node.failureSummary ?? ''}`));
}

/** The six digits an authenticator with a secret shows now, RFC 6238. */
export function code(secret) {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', Buffer.from(secret, 'hex')).update(step).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** How far the page is wider than the window; nothing may make a person scroll sideways. */
export function sideways(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
