// The pictures of the docs: `make demo`, looked at. Writes docs/images/*.png.
//   make screenshots
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const IMAGES = join(ROOT, 'docs/images');
const WIDE = { width: 1280, height: 860 };
const AFTER = 1_500;
const PHONE = { width: 390, height: 780 };

/** The demo, until its standard input closes: where it is, and how one comes in. */
function demo() {
  const running = spawn(join(ROOT, '.venv/bin/python'), ['examples/demo'], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  return new Promise((done, fail) => {
    // Read to its end: what is said last finds somebody who listens.
    running.stdout.on('data', (text) => {
      said += text;
      const [, url, email, password] = /Dashboard: (\S+)\nLog in as (\S+) with the password: (.+)\n/.exec(said) ?? [];
      if (url) done({ url, email, password, end: () => running.stdin.end() });
    });
    running.on('exit', () => fail(new Error(`the demo ended: ${said}`)));
  });
}

async function open(browser, place, viewport, colorScheme) {
  const context = await browser.newContext({ baseURL: place.url, viewport, colorScheme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto('/login');
  await page.getByLabel('E-mail').fill(place.email);
  await page.getByLabel('Password').fill(place.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL((url) => !url.pathname.endsWith('/login'));
  return page;
}

async function picture(page, path, name) {
  await page.goto(path);
  await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' });
  await page.locator('[aria-label="Loading"]').first().waitFor({ state: 'detached' });
  // Charts and hours come behind the rest.
  await page.waitForTimeout(AFTER);
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
}

mkdirSync(IMAGES, { recursive: true });
const place = await demo();
const executablePath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
try {
  const light = await open(browser, place, WIDE, 'light');
  const { items } = await light.evaluate(async () => (await fetch('/api/v1/projects/1/issues?limit=100')).json());
  const back = items.find((issue) => issue.status.status === 'regressed') ?? items[0];
  await picture(light, '/', 'overview');
  await picture(light, '/projects/1/issues', 'issues');
  await picture(light, `/projects/1/issues/${back.id}`, 'issue');
  await picture(light, '/projects/1/feed', 'feed');
  await picture(light, '/projects/1/alerts', 'alerts');
  const dark = await open(browser, place, WIDE, 'dark');
  await picture(dark, `/projects/1/issues/${back.id}`, 'issue-dark');
  const phone = await open(browser, place, PHONE, 'light');
  await picture(phone, '/projects/1/issues', 'issues-phone');
} finally {
  await browser.close();
  place.end();
}
