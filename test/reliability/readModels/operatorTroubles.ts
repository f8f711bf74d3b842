import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from '#infra/kafka/kafkajs.ts';
import { eventually } from '#test/support/eventually.ts';
import { replay } from './serverTroubles.ts';
import { POISON_NAME, skuOf } from './shopTables.ts';
import { between, operate, type Stage, type Trouble } from './trouble.ts';

const TABLES = ['dbo.PRODUCT', 'dbo.CATEGORY', 'dbo.STOCK', 'dbo.ORD'] as const;
const HOUR_MS = 3_600_000;

function pick<T>(stage: Stage, choices: readonly T[]): T {
  return choices[Math.floor(stage.random() * choices.length)]!;
}

const topicOf = ({ world }: Stage, table: string): string => `${world.id}.${world.id}.${table}`;

/** Ends all consumers, does something no running group allows, and starts them again. */
async function withoutConsumers(stage: Stage, work: () => Promise<void>): Promise<void> {
  const { world } = stage;
  const count = world.consumers.length;
  await Promise.all(world.consumers.map((consumer) => world.removeConsumer(consumer)));
  try {
    await work();
  } finally {
    for (let i = 0; i < count; i++) world.addConsumer();
  }
}

/** What operators do, each by the `sluice` command. */
export const OPERATOR_TROUBLES: readonly Trouble[] = [
  {
    name: 'the last hour replayed',
    weight: 4,
    happen: (stage) =>
      stage.operator.take(() =>
        replay(stage, pick(stage, ['rows', 'stock', 'orders']), new Date(Date.now() - HOUR_MS).toISOString()),
      ),
  },
  {
    name: 'offsets moved back',
    weight: 3,
    happen: (stage) =>
      stage.operator.take(() =>
        withoutConsumers(stage, async () => {
          const group = pick(stage, ['rows', 'stock', 'orders']);
          await operate(stage.world, ['offsets', 'apply', group, '--to', 'beginning', '--execute']);
        }),
      ),
  },
  {
    name: 'a table read again',
    weight: 3,
    happen: (stage) =>
      stage.operator.take(async () => {
        await operate(stage.world, ['capture', 'snapshot', pick(stage, TABLES), '--execute', '--timeout', '60']);
      }),
  },
  {
    // The capture rests and everything is read before the topic goes: a delete that nobody read cannot be told again.
    name: 'a topic made anew and its table read again',
    weight: 3,
    happen: (stage) =>
      stage.operator.take(async () => {
        const { world } = stage;
        const table = pick(stage, TABLES);
        await world.capture.end();
        await world.inSync(async () => true);
        await world.kafka.deleteTopics([topicOf(stage, table)]);
        await delay(500);
        world.capture.start();
        await operate(world, ['capture', 'snapshot', table, '--execute', '--timeout', '60']);
      }),
  },
  {
    name: 'partitions added to a topic',
    weight: 2,
    happen: (stage) =>
      stage.operator.take(async () => {
        const topic = pick(stage, [...TABLES.map((table) => topicOf(stage, table)), `${stage.world.id}.dirty.product`]);
        const brokers = [...stage.world.servers.addresses.kafka!.brokers];
        const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
        try {
          await admin.connect();
          await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] });
        } catch (error) {
          // Asked twice in one schedule, the topic has them already.
          if (!String(error).includes('partitions')) throw error;
        } finally {
          await admin.disconnect();
        }
      }),
  },
  {
    name: 'rows that cannot be projected, mended later',
    weight: 4,
    happen: async (stage) => {
      const numbers = Array.from({ length: 3 }, () => 1 + Math.floor(stage.random() * 300));
      stage.expected.letters.add('PROJECTION_FAILED');
      await stage.day.poison(numbers, POISON_NAME);
      await between(stage.random, 2000, 5000);
      stage.expected.repairs.push(() => stage.day.poison(numbers, 'Mended'));
    },
  },
  {
    name: 'records that nobody can decode',
    weight: 3,
    happen: async (stage) => {
      stage.expected.letters.add('RECORD_UNREADABLE').add('RECORD_POSITION_MISSING');
      await eventually(
        async () => {
          const producer = await stage.world.kafka.producer();
          const key = Buffer.from(skuOf(1));
          try {
            for (const table of ['dbo.PRODUCT', 'dbo.STOCK'])
              await producer.send(topicOf(stage, table), 0, [{ key, value: Buffer.from('not avro at all') }]);
          } finally {
            await producer.close();
          }
        },
        { timeoutMs: 30_000, everyMs: 1000 },
      );
    },
  },
  {
    name: 'a new index beside the live one: built, swapped, rolled back',
    weight: 3,
    heavy: true,
    happen: (stage) =>
      stage.operator.take(async () => {
        const { world } = stage;
        const next = world.version + 1;
        // Kept up to date while searches go to it, and while they have left it again.
        const builder = world.command(['index', 'build', 'product', '--execute', '--follow'], next);
        try {
          await operate(world, ['index', 'swap', 'product', '--execute'], next);
          await between(stage.random, 2000, 4000);
          await operate(world, ['index', 'rollback', 'product', '--execute'], world.version);
        } finally {
          builder.signal('SIGTERM');
          await builder.finished();
        }
      }),
  },
  {
    name: "the documents' version raised",
    weight: 2,
    heavy: true,
    happen: (stage) =>
      stage.operator.take(async () => {
        const { world } = stage;
        world.version += 1;
        for (const consumer of world.consumers) {
          await consumer.end();
          consumer.start(world.environment());
        }
        await world.storefront.end();
        world.storefront.start(world.environment());
      }),
  },
];
