import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceRules } from '#connectors/capture/tableRules.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { POSITION_HEADER } from '#schemas/envelope.ts';
import { buildCapture } from '#test/support/captureProcess.ts';
import { NO_RULES } from '#test/support/captureSettings.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { eventually } from '#test/support/eventually.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';
import { comparisonWork, type Work } from './comparisonWork.ts';
import { DebeziumAvro, type RawRecord } from './debeziumAvro.ts';
import type { DebeziumProgram } from './debeziumRun.ts';

export interface ComparisonSetup {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  /** Batches of work to run. */
  readonly batches: number;
  readonly seed: number;
  readonly timeoutMs: number;
  /** How often Sluice is stopped and started again while the work goes on. */
  readonly restarts: number;
}

/** What both wrote for the same work, each in its order. */
export interface Compared {
  readonly debezium: { readonly prefix: string; readonly records: readonly RawRecord[] };
  /** Rows by their position in the source's order, the other topics in their own. */
  readonly sluice: { readonly prefix: string; readonly records: readonly RawRecord[] };
}

const DATABASES = ['Main', 'Branch'] as const;
/** What masked columns are hashed with. */
export const SALT = 'pepper';
const MARKER = 1;

/** The same rules in Debezium's words … */
const DEBEZIUM_RULES = {
  'column.mask.hash.v2.SHA-256.with.salt.pepper': 'Main.dbo.Customer.Email,Main.dbo.Member.Email',
  'column.mask.with.7.chars': 'Main.dbo.Customer.Phone',
  'column.truncate.to.5.chars': 'Main.dbo.Customer.Note',
  'column.exclude.list': 'dbo.Customer.Secret',
  'message.key.columns': 'dbo.Customer:Region,Id',
  'provide.transaction.metadata': 'true',
};

/** … and in ours. */
const RULES: SourceRules = {
  ...NO_RULES,
  masks: [
    {
      columns: ['dbo.Customer.Email', 'dbo.Member.Email'],
      keys: true,
      mask: { kind: 'hash', algorithm: 'SHA-256', salt: SALT },
    },
    { columns: ['dbo.Customer.Phone'], keys: false, mask: { kind: 'stars', length: 7 } },
    { columns: ['dbo.Customer.Note'], keys: false, mask: { kind: 'truncate', length: 5 } },
  ],
  excludeColumns: ['dbo.Customer.Secret'],
  messageKeys: [{ table: 'dbo.Customer', columns: ['Region', 'Id'] }],
  unsupportedColumns: 'skip',
};

/**
 * Debezium's connector and Sluice capture one stand-in with the tables of comparison.sql: a snapshot, then seeded work on both databases, up to
 * a last marker row in each. Rejects when either does not come so far.
 */
export async function runComparison(program: DebeziumProgram, setup: ComparisonSetup): Promise<Compared> {
  const scripts = [readFileSync(join(import.meta.dirname, 'comparison.sql'), 'utf8')];
  const standin = await startStandin({ scripts, args: ['--capture-interval', '50'] });
  const close: (() => Promise<unknown>)[] = [() => standin.stop()];
  try {
    const run = randomUUID().slice(0, 8);
    const prefixes = { debezium: `dbz_${run}`, sluice: `our_${run}` };
    const databases = new Map<string, Database>();
    for (const name of DATABASES) {
      const database = await openDatabase(asAdministrator(standin, name));
      databases.set(name, database);
      close.push(() => database.close());
    }
    let ours = startSluice(standin, setup, prefixes.sluice);
    close.push(() => ours.stop());
    const debezium = new DebeziumAvro(
      program,
      setup.registryUrl,
      standin.saPassword,
      connectorSettings(standin, prefixes.debezium),
    );
    close.push(() => debezium.stop());
    await debezium.until((records) => records.some((r) => r.topic.endsWith('.Branch.dbo.Till')), setup.timeoutMs);
    await ours.streaming(setup.timeoutMs);
    const next = comparisonWork(setup.seed);
    const every = Math.ceil(setup.batches / (setup.restarts + 1));
    for (let i = 1; i <= setup.batches; i++) {
      await runWork(databases, next());
      if (i % every !== 0 || i === setup.batches) continue;
      await ours.stop();
      ours = startSluice(standin, setup, prefixes.sluice);
    }
    for (const name of DATABASES) await databases.get(name)!.batch(`INSERT INTO dbo.Marker VALUES (${MARKER})`);
    const marked = (records: readonly RawRecord[]): boolean =>
      DATABASES.every((name) => records.some((r) => r.topic.endsWith(`.${name}.dbo.Marker`)));
    await debezium.until(marked, setup.timeoutMs);
    const records = await ours.until(marked, setup.timeoutMs);
    return {
      debezium: { prefix: prefixes.debezium, records: debezium.records },
      sluice: { prefix: prefixes.sluice, records },
    };
  } finally {
    for (const step of close.reverse()) await step();
  }
}

/** Statements may break a key or find nothing: the work is the same for both whatever it comes to. */
export async function runWork(databases: ReadonlyMap<string, Database>, { database, text }: Work): Promise<void> {
  await databases
    .get(database)!
    .batch(`BEGIN TRY\n${text}\nEND TRY BEGIN CATCH IF @@TRANCOUNT > 0 ROLLBACK; END CATCH`);
}

/** How to reach a database of the stand-in as sa. */
export function asAdministrator(standin: StandinProcess, database: string): DatabaseOptions {
  return databaseOptions(standin, database, { connectTimeoutMs: 15_000, requestTimeoutMs: 120_000 });
}

function connectorSettings(standin: StandinProcess, prefix: string): Record<string, string> {
  return {
    'topic.prefix': prefix,
    'database.hostname': '127.0.0.1',
    'database.port': String(standin.port),
    'database.user': 'sa',
    'database.names': DATABASES.join(','),
    'database.encrypt': 'false',
    'snapshot.isolation.mode': 'snapshot',
    'poll.interval.ms': '100',
    'include.schema.changes': 'false',
    ...DEBEZIUM_RULES,
  };
}

/** Captures both databases of comparison.sql under a prefix, by the rules of the comparison. */
export function startSluice(
  standin: StandinProcess,
  setup: Pick<ComparisonSetup, 'brokers' | 'registryUrl'>,
  prefix: string,
) {
  const stop = new AbortController();
  const captures = DATABASES.map((database) =>
    buildCapture({
      source: asAdministrator(standin, database),
      tables: ['dbo.*'],
      brokers: setup.brokers,
      registryUrl: setup.registryUrl,
      topicPrefix: prefix,
      name: `capture.${database}`,
      settings: { rules: RULES },
      publish: { transactions: true },
    }),
  );
  const running = captures.map(({ capture }) => capture.run(stop.signal));
  for (const run of running) run.catch(() => undefined);
  const { kafka } = captures[0]!;
  return {
    async streaming(timeoutMs: number): Promise<void> {
      await eventually(
        () => {
          for (const { capture } of captures) {
            const { state, lastError } = capture.status();
            if (state !== 'streaming') throw new Error(`the capture is ${state}: ${lastError ?? ''}`);
          }
        },
        { timeoutMs, everyMs: 100 },
      );
    },
    async until(condition: (records: readonly RawRecord[]) => boolean, timeoutMs: number): Promise<RawRecord[]> {
      await eventually(
        async () => {
          const records = await readAll(kafka, prefix);
          if (!condition(records)) throw new Error(`the capture has not come so far: ${records.length} records`);
        },
        { timeoutMs, everyMs: 300 },
      );
      // Topics are read one after the other: those before the one that met the condition may have grown since.
      return await readAll(kafka, prefix);
    },
    async stop(): Promise<void> {
      stop.abort();
      await Promise.allSettled(running);
      for (const capture of captures) await capture.kafka.close();
    },
  };
}

/** Every record of the prefix: rows by position, then the others. */
async function readAll(kafka: KafkaClient, prefix: string): Promise<RawRecord[]> {
  const topics = (await kafka.listTopics()).filter((t) => t.startsWith(`${prefix}.`) && !t.includes('__sluice'));
  const records: RawRecord[] = [];
  for (const topic of topics) {
    await kafka.readTopic({
      topic,
      from: 'beginning',
      onBatch: ({ messages }) => {
        for (const { key, value, headers } of messages) {
          const texts = Object.fromEntries(Object.entries(headers).map(([name, bytes]) => [name, bytes.toString()]));
          records.push({ topic, key, value, headers: texts });
        }
      },
    });
  }
  const place = (record: RawRecord): string => record.headers[POSITION_HEADER] ?? '';
  return records.sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0));
}
