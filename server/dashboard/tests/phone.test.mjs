// Every page in the hand, 390 px wide: nothing is wider than the page, the menu opens, an issue can be resolved.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { furnish, PAGES, visit } from './pages.mjs';
import { browser, checkQuiet, HOST, open, Server, until } from './support.mjs';

const server = await Server.start();
await server.setUp();
const issue = await furnish(server);
const chromium = await browser();
const options = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** What sticks out, to be told. */
const wide = () => {
  const { scrollWidth } = document.documentElement;
  if (scrollWidth <= innerWidth) return [];
  const out = [...document.querySelectorAll('body *')].filter(
    (one) => one.getBoundingClientRect().right > innerWidth + 1,
  );
  return [`${scrollWidth} of ${innerWidth} px`, ...out.slice(0, 5).map((one) => one.outerHTML.slice(0, 160))];
};

test('no page is wider than a phone', async (t) => {
  const inside = await open(chromium, server, { email: HOST, options });
  const outside = await open(chromium, server, { options });
  for (const one of PAGES) {
    await t.test(one.path, async () => {
      const page = one.isOpen ? outside : inside;
      await visit(page, one, issue);
      assert.deepEqual(await page.evaluate(wide), []);
    });
  }
  checkQuiet(inside);
  checkQuiet(outside);
});

test('the menu opens, closes with Escape, and closes when a page is chosen', async () => {
  const page = await open(chromium, server, { email: HOST, options });
  await page.goto('/projects');
  const menu = page.getByRole('button', { name: 'Menu' });
  const pages = page.getByRole('navigation', { name: 'Pages' });
  await menu.waitFor();
  assert.equal(await pages.isVisible(), false);
  await menu.tap();
  await pages.waitFor();
  assert.equal(await menu.getAttribute('aria-expanded'), 'true');
  await page.keyboard.press('Escape');
  await pages.waitFor({ state: 'hidden' });
  await menu.tap();
  await pages.getByRole('link', { name: 'Settings' }).tap();
  await page.getByRole('heading', { level: 1, name: /Settings/ }).waitFor();
  await pages.waitFor({ state: 'hidden' });
  checkQuiet(page);
});

test('an issue is resolved in the hand', async () => {
  const page = await open(chromium, server, { email: HOST, options });
  await page.goto(`/projects/1/issues/${issue}`);
  await page
    .getByRole('button', { name: /^Resolve/ })
    .first()
    .tap();
  await until('it to be resolved', async () => {
    const found = await server.ask('GET', `/api/v1/projects/1/issues/${issue}`);
    return found.issue.status.status === 'resolved';
  });
  checkQuiet(page);
});
