import { serverOf } from './sdks';

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** What is odd about a DSN, before it costs someone an hour. */
export function Hints({ dsn }: { dsn: string }) {
  const { hostname, host } = new URL(serverOf(dsn));
  if (LOOPBACK.test(hostname)) {
    return (
      <p className="muted">
        This DSN leads to the machine it is used on. For programs on other machines, set the server's{' '}
        <code>public_url</code>.
      </p>
    );
  }
  if (host === window.location.host) return null;
  return (
    <p className="muted">
      You came here by {window.location.host}, the DSN says {host}: that is the server's <code>public_url</code>.
    </p>
  );
}
