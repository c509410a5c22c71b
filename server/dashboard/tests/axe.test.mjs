// Every page, in both themes, as those meet it who do not see it, or not well: nothing serious that axe knows of.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import axe from 'axe-core';
import { furnish, PAGES, visit } from './pages.mjs';
import { browser, HOST, open, Server } from './support.mjs';

const server = await Server.start();
await server.setUp();
const issue = await furnish(server);
const chromium = await browser();

/** What is wrong with the page on screen, a line each. */
async function look(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ impact, id, help, nodes }) => {
    const where = nodes.slice(0, 3).map(({ target, html }) => `${target.join(' ')}: ${html.slice(0, 160)}`);
    return { impact, text: `${impact} ${id}: ${help}\n    ${where.join('\n    ')}` };
  });
}

for (const theme of ['light', 'dark']) {
  const options = { colorScheme: theme };
  test(`nothing serious is wrong with any page, ${theme}`, async (t) => {
    const inside = await open(chromium, server, { email: HOST, options });
    const outside = await open(chromium, server, { options });
    for (const one of PAGES) {
      await t.test(one.path, async (of) => {
        const page = one.isOpen ? outside : inside;
        await visit(page, one, issue);
        const found = await look(page);
        for (const { text } of found) of.diagnostic(text);
        const grave = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        assert.deepEqual(
          grave.map(({ text }) => text),
          [],
        );
      });
    }
  });
}

test('the check finds what is wrong', async () => {
  const page = await open(chromium, server);
  await visit(page, { path: '/login', heading: 'Log in' });
  await page.evaluate(() => document.querySelector('label').remove());
  const found = await look(page);
  assert.ok(
    found.some(({ impact }) => impact === 'critical'),
    'a field without a label',
  );
});
