import { randomUUID } from 'node:crypto';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import { createLogger, silentLogger } from '#infra/runtime/logger.ts';
import { startStack } from '#infra/stack/stack.ts';
import { createDecoder } from '#schemas/codec.ts';
import { createRegistry } from '#schemas/registry.ts';
import { CaptureRole, shopEnvironment } from '#test/support/captureRole.ts';
import { eventually } from '#test/support/eventually.ts';
import { readHistory } from '#test/support/topicHistory.ts';
import { CHAOS_TABLES, startChaosSource } from './capture/chaosSource.ts';
import { isClean, judge, readTruth, sourcePositions } from './capture/truth.ts';

/**
 * Two processes for one source that is written at full speed. Each round the working one is killed, stopped in its tracks, or asked to end; the other takes
 * over. A stopped one is woken up while the other works: it must stand by. The truth is what Kafka's own consumer reads at the end. One line
 * a round with the times from the blow until the other has the lease, and until a row written after the blow is in its topic (it has to catch
 * up first); exit code 1 when a change was lost, doubled or out of order. Argument: rounds (default 9).
 */
const rounds = Number(process.argv[2] ?? 9);
const SIGNALS = ['SIGKILL', 'SIGSTOP', 'SIGTERM'] as const;
const PATIENCE = { timeoutMs: 120_000, everyMs: 50 };

const log = createLogger('standby', 'warn');
const stack = await startStack({ parts: ['kafka', 'registry'], log, provider: 'local' });
const source = await startChaosSource();
const { brokers } = stack.addresses.kafka!;
const registryUrl = stack.addresses.registry!.url;
const topicPrefix = `standby-${randomUUID()}`;
const kafka = createKafkaClient({ brokers, clientId: 'standby' }, silentLogger);
const decoder = createDecoder(createRegistry({ url: registryUrl }));
const setup = { source: source.options, tables: CHAOS_TABLES, brokers, registryUrl, topicPrefix };
const start = (): CaptureRole => new CaptureRole({ ...shopEnvironment(setup), SHOP_DATABASE: 'CHAOS' });

/** Writes a row and waits for its record; gives its position. */
async function mark(): Promise<string> {
  const ids = new Set<number>();
  let writtenAtMs = Number.NEGATIVE_INFINITY;
  return eventually(async () => {
    // A row that was written before streaming began is read, not streamed: then another is needed.
    if (performance.now() - writtenAtMs > 2000) {
      ids.add(await source.mark());
      writtenAtMs = performance.now();
    }
    const records = await readHistory(kafka, decoder, `${topicPrefix}.CHAOS.dbo.MARK`);
    const found = records.find((r) => r.envelope?.op === 'c' && ids.has(Number(r.key['ID'])));
    if (!found) throw new Error('the mark is not there yet');
    return found.position;
  }, PATIENCE);
}

async function becomes(role: CaptureRole, lease: 'active' | 'standby', state: string): Promise<void> {
  await eventually(async () => {
    const status = await role.status();
    if (status.lease !== lease || status.state !== state) throw new Error(`${status.lease}, ${status.state}`);
  }, PATIENCE);
}

let [active, standby] = [start(), start()];
const all = [active, standby];
try {
  await eventually(async () => {
    const states = await Promise.all([active.status(), standby.status()]);
    if (!states.some(({ state }) => state === 'streaming')) throw new Error('nobody streams yet');
  }, PATIENCE);
  if ((await active.status()).lease !== 'active') [active, standby] = [standby, active];
  await becomes(standby, 'standby', 'standby');
  const since = await mark();
  let changes = 0;
  for (let round = 0; round < rounds; round++) {
    const signal = SIGNALS[round % SIGNALS.length]!;
    const stop = new AbortController();
    const working = source.work(stop.signal);
    await mark();
    const struckAt = performance.now();
    active.command.signal(signal);
    await eventually(async () => {
      if ((await standby.status()).lease !== 'active') throw new Error('the lease has not changed hands');
    }, PATIENCE);
    const takeoverMs = Math.round(performance.now() - struckAt);
    stop.abort();
    changes += await working;
    await mark();
    const caughtUpMs = Math.round(performance.now() - struckAt);
    await becomes(standby, 'active', 'streaming');
    if (signal === 'SIGSTOP') active.command.signal('SIGCONT');
    else {
      await active.command.finished();
      active = start();
      all.push(active);
    }
    await becomes(active, 'standby', 'standby');
    [active, standby] = [standby, active];
    process.stdout.write(`${JSON.stringify({ round: round + 1, signal, takeoverMs, caughtUpMs })}\n`);
  }
  const records = await readTruth(brokers, `${topicPrefix}.CHAOS.dbo.CHAOS`);
  const verdict = judge(records, await sourcePositions(source.db, 'dbo.CHAOS', since), since);
  process.stdout.write(`${JSON.stringify({ changes, ...verdict })}\n`);
  if (!isClean(verdict)) process.exitCode = 1;
} finally {
  for (const role of all) role.command.signal('SIGKILL');
  await kafka.close();
  await source.stop();
  await stack.stop();
}
