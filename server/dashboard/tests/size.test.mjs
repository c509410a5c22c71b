// What the first page costs: the scripts that are sent, and that no other host is asked for anything.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser, checkQuiet, fault, HOST, open, Server, until } from './support.mjs';

/** All scripts of the first page, as they are sent, in bytes. */
const AT_MOST = 250_000;

const server = await Server.start();
await server.setUp();
const chromium = await browser();

test('the list of issues is there with at most 250 KB of scripts, all of them from the server itself', async (t) => {
  await server.send(fault('KeyError'));
  await server.issues();
  const page = await open(chromium, server, { email: HOST });
  const session = await page.context().newCDPSession(page);
  await page.goto('about:blank');
  await session.send('Network.enable');
  await session.send('Network.clearBrowserCache');
  const scripts = new Map();
  const hosts = new Set();
  let sum = 0;
  session.on('Network.requestWillBeSent', ({ request }) => hosts.add(new URL(request.url).origin));
  session.on('Network.responseReceived', ({ requestId, type, response }) => {
    if (type === 'Script') scripts.set(requestId, response);
  });
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const script = scripts.get(requestId);
    if (!script) return;
    assert.equal(script.fromDiskCache, false, 'an empty cache');
    sum += encodedDataLength;
    t.diagnostic(`${(encodedDataLength / 1000).toFixed(1)} KB ${new URL(script.url).pathname}`);
  });
  await page.goto('/projects/1/issues');
  await page.getByRole('heading', { level: 1, name: /Issues/ }).waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  await until(
    'nothing to be on its way',
    async () => (await page.getByRole('status', { name: 'Loading' }).count()) === 0,
  );
  t.diagnostic(`${(sum / 1000).toFixed(1)} KB of scripts in all`);
  assert.ok(sum > 50_000, 'they were measured');
  assert.ok(sum <= AT_MOST, `${sum} bytes`);
  assert.deepEqual([...hosts], [new URL(server.url).origin]);
  checkQuiet(page);
});
