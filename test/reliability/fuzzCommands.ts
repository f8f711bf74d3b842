import { parseArgs } from 'node:util';
import { CommandClient } from '#test/support/commandClient.ts';
import { createCommandShop } from '#test/support/commandShop.ts';
import { seededRandom } from '#test/support/seededRandom.ts';
import { startStandin } from '#test/support/standinProcess.ts';
import { runFuzz } from './commands/fuzzRun.ts';

/**
 * Mutated requests against the command API over the stand-in: `node test/reliability/fuzzCommands.ts [--requests 100000] [--seed 1]`.
 * Exit code 1 when one was answered with a fault of the server, a stack, a secret, or when the database has anything but what was answered.
 */
const { values } = parseArgs({
  options: { requests: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});
const standin = await startStandin();
const shop = await createCommandShop(standin, 'epos');
const client = await CommandClient.open(shop);
try {
  const startedAtMs = Date.now();
  await shop.setStock(shop.goods.kettle.sku, 1_000_000);
  const report = await runFuzz(client, shop, Number(values.requests), seededRandom(Number(values.seed)));
  process.stdout.write(`${JSON.stringify({ ...report, seconds: (Date.now() - startedAtMs) / 1000 }, null, 2)}\n`);
  if (report.faults.length > 0) process.exitCode = 1;
} finally {
  await client.close();
  await shop.close();
  await standin.stop();
}
