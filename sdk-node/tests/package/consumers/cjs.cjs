const faultwire = require('faultwire');
const { captureEvents } = require('faultwire/testing');

async function main() {
  const captured = captureEvents();
  faultwire.captureMessage('kept');
  const kept = (await captured.events()).length;
  captured.restore();

  faultwire.init({ release: 'cjs@1' });
  faultwire.setTag('consumer', 'cjs');
  const id = faultwire.captureException(new TypeError('from cjs'));
  const esm = await import('faultwire');
  const shared = esm.lastEventId() === id && kept === 1;
  console.log(JSON.stringify({ id, shared, delivered: await faultwire.close(10_000) }));
}
main();
