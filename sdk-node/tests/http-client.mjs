// Servers and clients for the stories of requests.

import net from 'node:net';
import { once } from 'node:events';

/** Listens on any port; gives the base URL. `server` may be a listener that others start, too. */
export async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

/** Ends a server, with the connections that are still open. */
export async function shut(server) {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections?.();
  await closed;
}

/** Status and text of an answer. */
export async function ask(url, options) {
  const response = await fetch(url, options);
  return { status: response.status, text: await response.text(), headers: Object.fromEntries(response.headers) };
}

/** A bare connection: `say` writes, `heard` resolves once all that came back matches. */
export function connect(url) {
  const { port } = new URL(url);
  const socket = net.connect(Number(port), '127.0.0.1');
  let all = '';
  const waiting = [];
  socket.setEncoding('latin1').on('error', () => {});
  socket.on('data', (text) => {
    all += text;
    for (const check of waiting) check();
  });
  const heard = (pattern, seconds = 10) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`waited for ${pattern}, heard ${all}`)), seconds * 1000);
      const check = () => {
        if (pattern.test(all)) {
          clearTimeout(timer);
          resolve(all);
        }
      };
      waiting.push(check);
      check();
    });
  return { socket, say: (text) => socket.write(text), heard, forget: () => (all = '') };
}

/** Waits for a condition, asked again and again. */
export async function until(condition, seconds = 10) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
