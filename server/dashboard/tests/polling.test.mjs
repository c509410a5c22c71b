// A proxy that holds the stream back: the page says so, asks by itself, and follows the stream once it comes through.
import { test } from 'node:test';
import { proxy } from './proxy.mjs';
import { browser, checkQuiet, fault, HOST, open, Server } from './support.mjs';

const server = await (await Server.start()).setUp();
const chromium = await browser();

const isLive = (page) => page.getByText('Live', { exact: true }).waitFor();
const isPolling = (page) => page.getByText('Updated every 10 s', { exact: true }).waitFor();
const shows = (page, words) => page.locator('li[data-number]').filter({ hasText: words }).waitFor();

const WAYS = {
  'that waits for the end of what it passes on': (way) => ({ isHoldingBack: () => way.isShut }),
  'that refuses the stream': (way) => ({
    answer(request, response) {
      if (!way.isShut || !request.url.endsWith('/stream')) return false;
      response.writeHead(502).end();
      return true;
    },
  }),
};

for (const [kind, each] of Object.entries(WAYS)) {
  test(`a proxy ${kind}`, async () => {
    const way = { isShut: true };
    const page = await open(chromium, await proxy(server, each(way)), { email: HOST });
    await page.goto('/projects/1/feed');
    await isPolling(page);
    const name = `Through${Object.keys(WAYS).indexOf(kind)}`;
    await server.send(fault(name));
    await shows(page, name);
    way.isShut = false;
    await isLive(page);
    await server.send(fault(`${name}Live`));
    await shows(page, `${name}Live`);
    checkQuiet(page);
    await page.context().close();
  });
}
