import { parseArgs } from 'node:util';
import { silentLogger } from '#infra/runtime/logger.ts';
import { startStack } from '#infra/stack/stack.ts';
import { seededRandom } from '#test/support/seededRandom.ts';
import { runChaos } from './commands/chaosRun.ts';
import { Place } from './commands/place.ts';

/**
 * Orders under hardship: `node test/reliability/commandsChaos.ts [--orders 1000] [--clients 50] [--seed 1] [--no-queue]`. Clients lose
 * patience at random and ask again with the same key; API processes and the database are killed the hard way and started again. Exit code
 * 1 when an order was lost, doubled, invented, or answered wrongly.
 */
const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '1000' },
    clients: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    kills: { type: 'string', default: '10' },
    'no-queue': { type: 'boolean', default: false },
  },
});

const stack = values['no-queue'] ? undefined : await startStack({ parts: ['kafka'], log: silentLogger });
const brokers = stack?.addresses.kafka?.brokers;
const place = await Place.open({ processes: 2, ...(brokers && { brokers }) });
try {
  const report = await runChaos(place, {
    orders: Number(values.orders),
    clients: Number(values.clients),
    random: seededRandom(Number(values.seed)),
    asyncShare: brokers === undefined ? 0 : 0.25,
    apiKills: Number(values.kills),
    databaseKills: Math.ceil(Number(values.kills) / 3),
    awayMs: 1500,
    timeoutMs: 300_000,
  });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (report.faults.length > 0) process.exitCode = 1;
} finally {
  await place.close();
  await stack?.stop();
}
