// Every page of the router, for the stories that look at all of them, and the data that they show.
import { fault, until } from './support.mjs';

/** Who is shown a page. */
const HOST_ONLY = { isForHost: true };
const OPEN = { isOpen: true };

/** All pages: where, and the heading by which one knows that it is there. `ISSUE` is the number of an issue. */
export const PAGES = [
  { path: '/', heading: 'Overview' },
  { path: '/projects', heading: 'Projects' },
  { path: '/projects?new=yes', heading: 'Projects', ...HOST_ONLY },
  { path: '/projects/1/issues', heading: /Issues/ },
  { path: '/projects/1/issues/ISSUE', heading: /./ },
  { path: '/projects/1/feed', heading: /./ },
  { path: '/projects/1/releases', heading: 'Releases' },
  { path: '/projects/1/alerts', heading: /./ },
  { path: '/projects/1/setup', heading: /Set up/ },
  { path: '/projects/1/setup?sdk=node', heading: /Set up/ },
  { path: '/projects/1/setup?sdk=rust', heading: /Set up/ },
  { path: '/projects/1/setup?sdk=sentry', heading: /Set up/ },
  { path: '/projects/1/settings', heading: /Settings/ },
  { path: '/projects/1/settings/keys', heading: /Settings/, isForMembers: true },
  { path: '/projects/1/settings/members', heading: /Settings/ },
  { path: '/projects/1/settings/data', heading: /Settings/ },
  { path: '/projects/1/settings/danger', heading: /Settings/, isForAdmins: true },
  { path: '/people', heading: 'People', ...HOST_ONLY },
  { path: '/people?invite=yes', heading: 'People', ...HOST_ONLY },
  { path: '/account', heading: 'Account' },
  { path: '/account?token=new', heading: 'Account' },
  { path: '/server', heading: 'Server', ...HOST_ONLY },
  { path: '/projects/99/issues', heading: 'There is no such page' },
  { path: '/projects/1/settings/nothing', heading: 'There is no such page' },
  { path: '/login', heading: 'Log in', ...OPEN },
  { path: '/setup#0123456789abcdef', heading: /./, ...OPEN },
  { path: '/setup', heading: 'The link is not whole', ...OPEN },
  { path: '/join#0123456789abcdef', heading: 'Come in', ...OPEN },
];

/** Opens one of them and waits until it is there, with what it shows. */
export async function visit(page, { path, heading }, issue) {
  // What differs only behind the `#` would be no load.
  await page.goto('about:blank');
  await page.goto(path.replace('ISSUE', String(issue)));
  const title = page.locator('h1', { hasText: heading }).first();
  await title.waitFor({ state: 'attached' });
  await until(
    'nothing to be on its way',
    async () => (await page.getByRole('status', { name: 'Loading' }).count()) === 0,
  );
}

/** Puts something on every page: issues, people, keys, tokens, channels, releases, what was refused. The number of an issue. */
export async function furnish(server) {
  for (const [index, type] of ['KeyError', 'TimeoutError', 'PaymentFailedWithAnUncommonlyLongNameError'].entries()) {
    const more = { release: `shop@1.${index}.0`, environment: 'production', user: { id: `user-${index}` } };
    await server.send(fault(type, `of ${'a long message '.repeat(index * 4)}`, more));
  }
  await server.ask('POST', '/api/v1/projects', { name: 'Billing, invoices and everything that comes of them' });
  await server.ask('POST', '/api/v1/invitations', {
    email: 'somebody.with.a.long.address@example.com',
    is_admin: true,
  });
  const invited = { email: 'invited@example.com', role: 'member' };
  await server.ask('POST', '/api/v1/projects/1/members', invited);
  await server.invite('vera@example.com', 'viewer');
  await server.invite('mona@example.com', 'member');
  const browserKey = { kind: 'browser', origins: ['https://shop.example'] };
  await server.ask('POST', '/api/v1/projects/1/keys', browserKey);
  const { key, dsn } = await server.ask('POST', '/api/v1/projects/1/keys', { kind: 'server' });
  await server.ask('DELETE', `/api/v1/projects/1/keys/${key.public}`);
  await server.send({ message: 'too late' }, dsn).catch(() => {});
  await server.ask('POST', '/api/v1/tokens', { name: 'nightly report', access: 'read' });
  await server.ask('POST', '/api/v1/projects/1/deploys', { release: 'shop@1.2.0' });
  await server.ask('POST', '/api/v1/projects/1/channels', {
    kind: 'webhook',
    name: 'On call',
    url: 'https://hooks.example/faultwire',
    secret: 'the secret of the webhook',
  });
  const [{ id }] = await server.issues((items) => items.length === 3);
  return id;
}
