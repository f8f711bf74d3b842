import { createLogger } from '#infra/runtime/logger.ts';
import { startStack } from '#infra/stack/stack.ts';
import { startKafkaCluster } from '#test/support/kafka/cluster.ts';
import { seededRandom } from '#test/support/seededRandom.ts';
import { blowsOf, chaosRun } from './capture/chaosRun.ts';
import { startChaosSource } from './capture/chaosSource.ts';
import { isClean } from './capture/truth.ts';

/**
 * Three brokers, three replicas, two needed for a write; in each run one of them is killed, one asked to end and one stopped for ten seconds
 * while changes are captured at full speed. The truth is what Kafka's own consumer reads afterwards. One line a run; exit code 1 when a
 * change was lost, doubled or out of order. Arguments: runs (default 10), seed (default 1).
 */
const runs = Number(process.argv[2] ?? 10);
const seed = Number(process.argv[3] ?? 1);

const log = createLogger('chaos', 'warn');
const stack = await startStack({ parts: ['registry'], log, provider: 'local' });
const source = await startChaosSource();
const cluster = await startKafkaCluster({
  settings: { 'broker.session.timeout.ms': 4000, 'broker.heartbeat.interval.ms': 400 },
});
try {
  for (let run = 0; run < runs; run++) {
    const blows = blowsOf(run, seededRandom(seed * 1000 + run));
    const result = await chaosRun(cluster, source, stack.addresses.registry!.url, blows);
    const told = blows.map(({ broker, signal }) => `${signal} ${broker}`).join(', ');
    process.stdout.write(`${JSON.stringify({ run: run + 1, blows: told, ...result })}\n`);
    if (!isClean(result)) process.exitCode = 1;
  }
} finally {
  await cluster.stop();
  await source.stop();
  await stack.stop();
}
