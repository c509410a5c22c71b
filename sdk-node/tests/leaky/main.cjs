// `node main.cjs MODULE SCENARIO OPTIONS-AS-JSON`: runs it against $FAULTWIRE_DSN with `debug` on, and says on the last
// line of stdout what it seeded.

'use strict';

const { join } = require('node:path');

const fw = require(join(__dirname, '..', '..'));

const [file, name, options] = process.argv.slice(2);

async function main() {
  const { told } = await import('./seeds.mjs');
  const scenario = (await import(`./${file}.mjs`))[name];
  const usual = { debug: true, stormFolding: false, release: 'shop@1.0' };
  fw.init({ ...usual, ...scenario.options, ...JSON.parse(options) });
  await scenario(fw);
  const flushed = await fw.flush(20_000);
  process.stdout.write(`${JSON.stringify({ ...told(), flushed, stats: fw.stats() })}\n`);
}

main();
