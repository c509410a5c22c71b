// That a page can be used by all: by who listens to it, and on a phone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** That axe finds nothing wrong with what is shown. */
export async function checkAccessible(page) {
  // By the debugger: the page's policy lets no script in.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    // What react-aria reads out may still be of the page before.
    window.axe.run({ exclude: [['[data-live-announcer]']] }),
  );
  const found = violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
  assert.deepEqual(found, [], page.url());
}

/** That nothing is wider than the window. */
export async function checkFits(page) {
  const { content, width } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    width: window.innerWidth,
  }));
  assert.ok(content <= width, `${page.url()}: ${content} px in ${width} px`);
}
