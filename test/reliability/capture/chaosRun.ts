import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createDecoder, type Decoder } from '#schemas/codec.ts';
import { createRegistry } from '#schemas/registry.ts';
import { spawnCapture } from '#test/support/captureProcess.ts';
import { eventually } from '#test/support/eventually.ts';
import type { KafkaCluster } from '#test/support/kafka/cluster.ts';
import { readHistory } from '#test/support/topicHistory.ts';
import { CHAOS_TABLES, type ChaosSource } from './chaosSource.ts';
import { judge, readTruth, sourcePositions, type Verdict } from './truth.ts';

/** What happens to the brokers: one after the other gets its signal. */
export interface Blow {
  /** Number of the broker, from 1. */
  readonly broker: number;
  readonly signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP';
  /** Work before it. */
  readonly afterMs: number;
  /** How long the broker is away. */
  readonly awayMs: number;
}

export interface ChaosResult extends Verdict {
  readonly changes: number;
  readonly seconds: number;
}

const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGSTOP'] as const;

/** Every signal once, each to another broker; three runs in a row give every broker every signal. `random` is uniform in [0, 1). */
export function blowsOf(run: number, random: () => number): Blow[] {
  const order = [1, 2, 3].toSorted(() => random() - 0.5);
  return order.map((broker) => {
    const signal = SIGNALS[(broker + run) % SIGNALS.length]!;
    const awayMs = signal === 'SIGSTOP' ? 10_000 : 4000;
    return { broker, signal, afterMs: 1500 + random() * 3000, awayMs: awayMs + random() * 2000 };
  });
}

/** Captures at full speed while the blows fall, and compares what the topic holds afterwards with the source. */
export function chaosRun(
  cluster: KafkaCluster,
  source: ChaosSource,
  registryUrl: string,
  blows: readonly Blow[],
): Promise<ChaosResult> {
  return captureThrough(cluster, source, registryUrl, async () => {
    for (const blow of blows) await strike(cluster, blow);
  });
}

/**
 * Captures in a process of its own, as fast as the source changes, while `trouble` runs; then lets it come to the end and compares what the topic
 * holds with the source. Rejects when the capture has ended by itself.
 */
export async function captureThrough(
  cluster: KafkaCluster,
  source: ChaosSource,
  registryUrl: string,
  trouble: () => Promise<void>,
): Promise<ChaosResult> {
  const startedAt = Date.now();
  await source.forget();
  const topicPrefix = `chaos-${randomUUID()}`;
  const kafka = createKafkaClient({ brokers: cluster.addresses, clientId: 'chaos' }, silentLogger);
  const decoder = createDecoder(createRegistry({ url: registryUrl }));
  const capture = spawnCapture({
    source: source.options,
    tables: CHAOS_TABLES,
    brokers: cluster.addresses,
    registryUrl,
    topicPrefix,
    pageRows: 2000,
    batchRows: 2000,
    replicationFactor: cluster.nodes.length,
  });
  const ended = once(capture, 'exit');
  try {
    const since = await untilMarked(kafka, decoder, source, topicPrefix);
    const stop = new AbortController();
    const working = source.work(stop.signal);
    await trouble();
    stop.abort();
    const changes = await working;
    await untilMarked(kafka, decoder, source, topicPrefix);
    if (capture.exitCode !== null) throw new Error('the capture has ended by itself');
    const [topic, table] = [`${topicPrefix}.CHAOS.dbo.CHAOS`, 'dbo.CHAOS'];
    const records = await readTruth(cluster.addresses, topic);
    const verdict = judge(records, await sourcePositions(source.db, table, since), since);
    return { ...verdict, changes, seconds: (Date.now() - startedAt) / 1000 };
  } finally {
    capture.kill('SIGKILL');
    await ended;
    await kafka.close();
  }
}

async function strike(cluster: KafkaCluster, { broker, signal, afterMs, awayMs }: Blow): Promise<void> {
  const node = cluster.nodes[broker - 1]!;
  await delay(afterMs);
  await node.signal(signal);
  await delay(awayMs);
  if (signal === 'SIGSTOP') await node.signal('SIGCONT');
  else await node.start();
}

/**
 * Writes marks until one of them has come through as a change (a row written before streaming began is read by the snapshot instead); gives its
 * position. Whatever was committed before it is in the topics then.
 */
async function untilMarked(
  kafka: KafkaClient,
  decoder: Decoder,
  source: ChaosSource,
  topicPrefix: string,
): Promise<string> {
  const ids = new Set<unknown>();
  return eventually(
    async () => {
      ids.add(await source.mark());
      const records = await readHistory(kafka, decoder, `${topicPrefix}.CHAOS.dbo.MARK`);
      const found = records.find((r) => r.envelope?.op === 'c' && ids.has(r.key['ID']));
      if (!found) throw new Error(`no mark of ${ids.size} has come through yet`);
      return found.position;
    },
    { timeoutMs: 180_000, everyMs: 500 },
  );
}
