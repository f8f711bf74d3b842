import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createDecoder } from '#schemas/codec.ts';
import { createRegistry } from '#schemas/registry.ts';
import { readSchemaId } from '#schemas/wireFormat.ts';
import { startStandin } from '#test/support/standinProcess.ts';
import {
  cachedFor,
  type ForeignProgram,
  fetching,
  requireOnPath,
  runProgram,
  Unavailable,
} from '../clients/foreignProgram.ts';
import { asAdministrator, runWork, startSluice } from '../debezium/comparisonRun.ts';
import { comparisonWork } from '../debezium/comparisonWork.ts';
import { prepareDebezium } from '../debezium/debeziumRun.ts';
import { canonical } from './canonical.ts';

const SQL = join(import.meta.dirname, '../debezium/comparison.sql');
const BATCHES = 40;
const DATABASES = ['Main', 'Branch'];

/** Our own reading of every record of the prefix, as the programs print theirs. */
async function ownReading(prefix: string): Promise<{ readonly topics: string[]; readonly lines: string[] }> {
  const { kafka: brokers, registry: address } = inject('stack');
  const kafka = createKafkaClient({ brokers: brokers!.brokers, clientId: 'consumers-test' }, silentLogger);
  const registry = createRegistry({ url: address!.url });
  const decoder = createDecoder(registry);
  const lineOf = async (bytes: Buffer | null): Promise<string> =>
    bytes === null ? '-' : canonical(await registry.schemaById(readSchemaId(bytes)), await decoder.decode(bytes));
  try {
    const topics = (await kafka.listTopics()).filter((t) => t.startsWith(`${prefix}.`) && !t.includes('__sluice'));
    const lines: string[] = [];
    for (const topic of topics) {
      await kafka.readTopic({
        topic,
        from: 'beginning',
        onBatch: async ({ messages }) => {
          for (const { partition, offset, key, value } of messages)
            lines.push([topic, partition, offset, await lineOf(key), await lineOf(value)].join('\t'));
        },
      });
    }
    return { topics, lines: lines.sort() };
  } finally {
    await kafka.close();
  }
}

/** Kafka's Java consumer, with the class path of the Debezium comparison: the same converter's other half. */
async function javaProgram(): Promise<ForeignProgram> {
  const { command, args } = await prepareDebezium();
  return { command, args: [...args.slice(0, -1), join(import.meta.dirname, 'ConsumerProgram.java')] };
}

async function pythonProgram(): Promise<ForeignProgram> {
  const python = requireOnPath('python3', 'install Python 3.9 or newer with pip');
  const folder = await cachedFor('confluent-kafka-2.13.0', [], (staging) =>
    fetching(python, [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', staging],
      'confluent-kafka[avro,schemaregistry]==2.13.0',
    ]),
  );
  return {
    command: python,
    args: [join(import.meta.dirname, 'consumer_program.py')],
    env: { PYTHONPATH: folder, PYTHONIOENCODING: 'utf-8', PYTHONDONTWRITEBYTECODE: '1' },
  };
}

describe("consumers that are not ours read Sluice's topics", () => {
  let reading: Awaited<ReturnType<typeof ownReading>>;

  beforeAll(async () => {
    const { kafka, registry } = inject('stack');
    const standin = await startStandin({ scripts: [readFileSync(SQL, 'utf8')], args: ['--capture-interval', '20'] });
    const databases = new Map<string, Database>();
    const prefix = `foreign_${randomUUID().slice(0, 8)}`;
    try {
      for (const name of DATABASES) databases.set(name, await openDatabase(asAdministrator(standin, name)));
      const ours = startSluice(standin, { brokers: kafka!.brokers, registryUrl: registry!.url }, prefix);
      try {
        await ours.streaming(60_000);
        const next = comparisonWork(7);
        for (let i = 0; i < BATCHES; i++) await runWork(databases, next());
        for (const database of databases.values()) await database.batch('INSERT INTO dbo.Marker VALUES (1)');
        const marked = (topics: readonly string[]): boolean =>
          DATABASES.every((name) => topics.includes(`${prefix}.${name}.dbo.Marker`));
        await ours.until((records) => marked(records.map((r) => r.topic)), 60_000);
      } finally {
        await ours.stop();
      }
    } finally {
      for (const database of databases.values()) await database.close();
      await standin.stop();
    }
    reading = await ownReading(prefix);
  }, 240_000);

  for (const [name, prepare, address] of [
    [
      "Kafka's Java consumer with an Avro deserializer",
      javaProgram,
      (url: string) => url.replace(/\/ccompat\/v\d+\/?$/, '/registry/v2'),
    ],
    ["Confluent's Python consumer with its Avro deserializer", pythonProgram, (url: string) => url],
  ] as const) {
    it(`${name} reads the same values`, { timeout: 600_000 }, async (ctx) => {
      let program: ForeignProgram;
      try {
        program = await prepare();
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        return ctx.skip(error.message);
      }
      const { kafka, registry } = inject('stack');
      const args = [kafka!.brokers.join(','), address(registry!.url), ...reading.topics];
      const { code, stdout, stderr } = await runProgram(program, args);
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      expect(reading.lines.length).toBeGreaterThan(150);
      const lines = stdout.split('\n').filter((line) => line !== '');
      expect(lines.sort()).toEqual(reading.lines);
    });
  }
});
