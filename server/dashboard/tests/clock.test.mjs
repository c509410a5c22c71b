// A machine whose clock is hours off: ages follow the server's clock, and the page says so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser, checkQuiet, fault, HOST, open, Server, until } from './support.mjs';

const server = await (await Server.start()).setUp();
const chromium = await browser();
const HOUR = 3_600_000;

await server.send(fault('JustNow'));
await server.issues();

/** A page whose clock is off, and goes on. */
async function off(by) {
  const page = await open(chromium, server);
  await page.addInitScript((by) => {
    const Real = Date;
    const now = () => Real.now() + by;
    globalThis.Date = new Proxy(Real, {
      construct: (_, args) => (args.length === 0 ? new Real(now()) : new Real(...args)),
      get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
    });
  }, by);
  await page.goto('/login');
  assert.ok(Math.abs((await page.evaluate(() => Date.now())) - Date.now() - by) < 60_000);
  await page.getByLabel('E-mail').fill(HOST);
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await page.goto('/projects/1/feed');
  return page;
}

/** Ages on screen that are seconds, or nothing yet. */
const isRecent = (age) => /^(just now|\d+ s ago|1 min ago)$/.test(age);

for (const [by, note] of [
  [3 * HOUR, "This machine's clock is 3 h fast"],
  [-30 * HOUR, "This machine's clock is 30 h slow"],
]) {
  test(`${note}: ages are the server's`, async () => {
    const page = await off(by);
    await page.getByText(note).waitFor();
    const ages = () => page.locator('li[data-number] time').allTextContents();
    const known = await until('lines', async () => (await ages()).length);
    assert.ok((await ages()).every(isRecent), `${await ages()}`);
    await page.getByRole('heading', { name: 'Today' }).waitFor();

    // What comes while the page is open is not of the future either.
    await server.send(fault(`Since${Math.abs(by)}`));
    await until('one more', async () => (await ages()).length > known);
    const [newest] = await ages();
    assert.ok(isRecent(newest), newest);
    await page.getByText('Live', { exact: true }).waitFor();
    checkQuiet(page);
    await page.context().close();
  });
}

test('a clock that is right is not talked about', async () => {
  const page = await off(0);
  await page.getByText('Live', { exact: true }).waitFor();
  assert.equal(await page.getByText("This machine's clock").count(), 0);
  checkQuiet(page);
});
