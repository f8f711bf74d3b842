import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { ConsumerGroup } from '#infra/kafka/types.ts';
import { createLogger, silentLogger } from '#infra/runtime/logger.ts';
import { startStack } from '#infra/stack/stack.ts';

/**
 * How long partitions pause when members of a group join and leave: the longest time between two handled batches of each partition, with records
 * coming to all of them every few milliseconds; of those that stayed with their owner and those that moved. One line a phase, in ms.
 */
const { values } = parseArgs({
  options: { partitions: { type: 'string', default: '8' }, members: { type: 'string', default: '4' } },
});
const [partitions, members] = [Number(values.partitions), Number(values.members)];
const [EVERY_MS, LOOK_MS] = [10, 3000];

const stack = await startStack({ parts: ['kafka'], log: createLogger('bench', 'warn') });
const kafka = createKafkaClient({ brokers: stack.addresses.kafka!.brokers, clientId: 'handover' }, silentLogger);
const topic = `handover-${Date.now()}`;
const never = new AbortController().signal;

/** What is known of one partition in this phase. */
interface Place {
  handledAtMs: number | null;
  longestMs: number;
  owner: ConsumerGroup | null;
  moved: boolean;
}
const places: Place[] = Array.from({ length: partitions }, () => ({
  handledAtMs: null,
  longestMs: 0,
  owner: null,
  moved: false,
}));

function member(): ConsumerGroup {
  const group: ConsumerGroup = kafka.consumerGroup({
    groupId: `group-${topic}`,
    topics: [topic],
    fromBeginning: true,
    concurrency: partitions,
    onBatch: async ({ partition }) => {
      const place = places[partition]!;
      const nowMs = performance.now();
      if (place.handledAtMs !== null) place.longestMs = Math.max(place.longestMs, nowMs - place.handledAtMs);
      place.moved ||= place.owner !== null && place.owner !== group;
      Object.assign(place, { handledAtMs: nowMs, owner: group });
    },
  });
  return group;
}

async function phase(name: string, happen: () => Promise<unknown>): Promise<void> {
  for (const place of places) Object.assign(place, { longestMs: 0, moved: false });
  await happen();
  await delay(LOOK_MS);
  const told = (moved: boolean): number[] =>
    places
      .filter((place) => place.moved === moved)
      .map(({ longestMs }) => Math.round(longestMs))
      .sort((a, b) => a - b);
  process.stdout.write(`${JSON.stringify({ phase: name, stayedMs: told(false), movedMs: told(true) })}\n`);
}

const stop = new AbortController();
try {
  await kafka.ensureTopics([{ topic, partitions, replicationFactor: 1 }]);
  const producer = await kafka.producer();
  const record = [{ key: null, value: Buffer.from('x') }];
  const traffic = (async () => {
    while (!stop.signal.aborted) {
      await Promise.all(places.map((_, partition) => producer.send(topic, partition, record)));
      await delay(EVERY_MS);
    }
  })();
  const first = member();
  await first.start(never);
  await delay(LOOK_MS);
  await phase('nothing happens', async () => undefined);
  const others: ConsumerGroup[] = [];
  for (let n = 2; n <= members; n++) {
    const next = member();
    others.push(next);
    await phase(`number ${n} joins`, () => next.start(never));
  }
  for (const leaver of others.reverse()) await phase('one leaves', () => leaver.stop());
  stop.abort();
  await traffic;
  await first.stop();
  await kafka.deleteTopics([topic]);
} finally {
  stop.abort();
  await kafka.close();
  await stack.stop();
}
