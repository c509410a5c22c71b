// What may stand between a browser and the server: a reverse proxy on loopback that a story changes as it goes.
import { once } from 'node:events';
import http from 'node:http';
import { after } from 'node:test';

/**
 * A proxy in front of a server. `each.answer` may answer a request by itself: it gets request and response, and says
 * whether it did. `each.change` may change what was answered: it gets path, headers and body, and answers the new body.
 * `each.say` does so with each piece of a stream, at once or later; `each.isHoldingBack` says whether none of it is passed on.
 */
export async function proxy(server, each = {}) {
  const target = new URL(server.url);
  const listening = http.createServer((request, response) => {
    if (each.answer?.(request, response)) return;
    const { hostname, port } = target;
    const headers = { ...request.headers, host: target.host, 'accept-encoding': 'identity' };
    // What is changed on the way is not what the server knows by a tag.
    if (each.change) delete headers['if-none-match'];
    if (headers.origin) headers.origin = target.origin;
    const passed = http.request(
      { hostname, port, path: request.url, method: request.method, headers },
      async (found) => {
        const isStream = found.headers['content-type']?.startsWith('text/event-stream');
        if (isStream || !each.change) {
          response.writeHead(found.statusCode, found.headers);
          // Bytes that are not let through are kept back, as by a proxy that waits for the end.
          if (isStream && each.isHoldingBack?.()) found.resume();
          else if (isStream && each.say)
            found.setEncoding('utf8').on('data', async (text) => response.write(await each.say(text)));
          else found.pipe(response);
          found.on('close', () => response.end());
          return;
        }
        const parts = [];
        for await (const part of found) parts.push(part);
        const { 'content-length': _, 'transfer-encoding': __, ...rest } = found.headers;
        const body = each.change(request.url, rest, Buffer.concat(parts).toString('utf8')) ?? Buffer.concat(parts);
        response.writeHead(found.statusCode, rest);
        response.end(body);
      },
    );
    passed.on('error', () => response.destroy());
    response.on('close', () => passed.destroy());
    request.pipe(passed);
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  after(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return { url: `http://127.0.0.1:${listening.address().port}`, listening };
}
