// What stands around the pages: the way between them, and the theme.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser, checkQuiet, HOST, open, Server, until } from './support.mjs';

const server = await Server.start();
await server.setUp();
const chromium = await browser();

const focused = (page) =>
  page.evaluate(() => `${document.activeElement.tagName} ${document.activeElement.textContent}`);

test('who goes to another page is taken to its heading; the first page takes nobody', async () => {
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects');
  await page.getByRole('heading', { level: 1, name: 'Projects' }).waitFor();
  assert.match(await focused(page), /^BODY/);
  await page.keyboard.press('Tab');
  assert.match(await focused(page), /^A Skip to the page/);
  await page.getByRole('link', { name: 'Settings' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: /Settings/ }).waitFor();
  await until('the heading to have focus', async () => /^H1 Settings/.test(await focused(page)));
  await page.getByRole('link', { name: 'Members' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'Members' }).or(page.getByText('Nobody stands here yet')).waitFor();
  assert.match(await focused(page), /^A Members/, 'a tab keeps it');
  checkQuiet(page);
});

test('another project is chosen, and the page stays the same', async () => {
  await server.ask('POST', '/api/v1/projects', { name: 'Billing' });
  const page = await open(chromium, server, { email: HOST });
  await page.goto('/projects/1/settings');
  await page.getByRole('button', { name: 'Project: Default' }).click();
  await page.getByRole('menuitem', { name: /Default.*chosen/ }).waitFor();
  await page.getByRole('menuitem', { name: 'Billing' }).click();
  await page.getByRole('heading', { level: 1, name: 'Settings of Billing' }).waitFor();
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('button', { name: 'Project: Billing' }).waitFor();
  checkQuiet(page);
});

test('a theme is chosen, stays, and is given back to the machine', async () => {
  const page = await open(chromium, server, { email: HOST, options: { colorScheme: 'light' } });
  const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.goto('/account');
  const light = await paper();
  await page.getByRole('button', { name: /Theme/ }).click();
  await page.getByRole('option', { name: 'Dark' }).click();
  await until('it to be dark', async () => (await paper()) !== light);
  const dark = await paper();
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Account' }).waitFor();
  assert.equal(await paper(), dark);
  await page.getByRole('button', { name: 'Account of Host' }).click();
  await page.getByRole('menuitem', { name: 'Theme: as this machine' }).click();
  await until('it to be light', async () => (await paper()) === light);
  await page.emulateMedia({ colorScheme: 'dark' });
  await until('it to follow the machine', async () => (await paper()) === dark);
  checkQuiet(page);
});
