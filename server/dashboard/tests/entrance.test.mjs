// How people come in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser, checkQuiet, HOST, open, PASSWORD, Server } from './support.mjs';

const server = await Server.start();
const chromium = await browser();

test('the first person comes in by the one-time link, once', async () => {
  const page = await open(chromium, server);
  await page.goto(server.setupLink);
  await page.getByLabel('E-mail').fill(HOST);
  assert.ok(!page.url().includes('#'), 'the secret is out of the address');
  await page.getByLabel('Name').fill('Ada');
  await page.getByLabel('Password').fill('short');
  await page.getByRole('button', { name: 'Come in' }).click();
  assert.ok(await page.getByLabel('Password').evaluate((input) => !input.validity.valid), 'too short');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Come in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  checkQuiet(page);

  const late = await open(chromium, server);
  await late.goto(server.setupLink);
  await late.getByLabel('E-mail').fill('eve@example.com');
  await late.getByLabel('Name').fill('Eve');
  await late.getByLabel('Password').fill(PASSWORD);
  await late.getByRole('button', { name: 'Come in' }).click();
  await late.getByRole('alert').getByText('The link was used').waitFor();
});

test('who is not logged in comes back to where they wanted to go; a wrong password says so', async () => {
  const page = await open(chromium, server);
  await page.goto('/projects/1/releases?environment=production');
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await page.getByLabel('E-mail').fill(HOST);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Releases' }).waitFor();
  assert.equal(new URL(page.url()).search, '?environment=production');
  checkQuiet(page);
});

test('a link to log in leads nowhere else', async () => {
  for (const to of ['https://evil.example/', '//evil.example/', '/\\evil.example/']) {
    const page = await open(chromium, server);
    await page.goto(`/login?to=${encodeURIComponent(to)}`);
    await page.getByLabel('E-mail').fill(HOST);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    checkQuiet(page);
  }
});

test('a link without its secret says so', async () => {
  const page = await open(chromium, server);
  await page.goto('/join');
  await page.getByRole('heading', { name: 'The link is not whole' }).waitFor();
});
