// The page's own script in a document that does nothing but be looked at: what it makes of a server's answers, as JSON.
//   node page.mjs URL '{"cookie": ...}' '#/p/1'
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

const [url, credentials, hash] = process.argv.slice(2);
const headers = JSON.parse(credentials);

class Node {
  constructor(tag) {
    Object.assign(this, { tag, attributes: {}, children: [], events: [] });
    // Whatever makes markup of a text: nobody may.
    for (const name of ['innerHTML', 'outerHTML', 'srcdoc']) {
      Object.defineProperty(this, name, { set() { throw new Error(`${name} is set`); }, get: () => '' });
    }
  }
  setAttribute(name, value) { this.attributes[name] = String(value); }
  addEventListener(name) { this.events.push(name); }
  append(...children) { this.children.push(...children.map((one) => (one instanceof Node ? one : String(one)))); }
  replaceChildren(...children) { this.children = []; this.append(...children); }
  insertAdjacentHTML() { throw new Error('insertAdjacentHTML is called'); }
  set textContent(text) { this.children = [String(text)]; }
  get textContent() { return this.children.join(''); }
}

const known = { main: new Node('main'), '[role=status]': new Node('p'), who: new Node('span') };
const failed = [];
let waiting = 0;
const context = {
  document: {
    querySelector: (name) => known[name],
    getElementById: (name) => known[name],
    createElement: (tag) => new Node(tag),
    write() { throw new Error('document.write is called'); },
  },
  location: { hash },
  addEventListener() {},
  EventSource: class { constructor(address) { this.url = address; } addEventListener() {} close() {} },
  URLSearchParams,
  Date,
  Math,
  setTimeout,
  async fetch(path, options) {
    waiting += 1;
    try {
      return await fetch(`${url}/${path}`, { ...options, headers: { ...options.headers, ...headers } });
    } finally {
      setTimeout(() => { waiting -= 1; }, 50);
    }
  },
};
process.on('unhandledRejection', (error) => failed.push(String(error)));
vm.runInNewContext(readFileSync(0, 'utf8'), context);
const until = Date.now() + 10_000;
while (Date.now() < until) {
  await new Promise((done) => setTimeout(done, 20));
  if (waiting === 0 && known.main.children.length > 0) break;
}
console.log(JSON.stringify({ failed, main: known.main, status: known['[role=status]'].textContent }));
