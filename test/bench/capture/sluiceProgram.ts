import { createInterface } from 'node:readline';
import { Capture } from '#connectors/capture/capture.ts';
import { Publisher } from '#connectors/publish/publisher.ts';
import { type Database, openDatabase, type Queryable } from '#connectors/sqlserver/connection.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { captureSchema } from '#infra/runtime/config/capture.ts';
import { createLogger } from '#infra/runtime/logger.ts';
import { createRegistry } from '#schemas/registry.ts';
import { captureSettings } from '#test/support/captureSettings.ts';

/** This project's capture as the bench runs it (see subject.ts): default settings but the poll intervals. */
const env = (name: string): string => process.env[`BENCH_${name}`]!;
const log = createLogger('bench', 'warn');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

let acked = 0;
let said = 0;
setInterval(() => {
  if (acked !== said) say(`acked ${acked}`);
  said = acked;
}, 2).unref();

/** Open: statements run. Closed: each waits before it is sent. */
class Gate {
  #open = Promise.withResolvers<void>();
  #closed = false;
  #running = 0;

  constructor() {
    this.#open.resolve();
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    await this.#open.promise;
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
    }
  }

  async close(): Promise<void> {
    if (!this.#closed) this.#open = Promise.withResolvers();
    this.#closed = true;
    while (this.#running > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  open(): void {
    this.#closed = false;
    this.#open.resolve();
  }
}

const gate = new Gate();

function gated(db: Database): Database {
  const watch = (queryable: Queryable): Queryable => ({
    rows: (...args) => gate.pass(() => queryable.rows(...args)),
    sets: (...args) => gate.pass(() => queryable.sets(...args)),
    query: (...args) => gate.pass(() => queryable.query(...args)),
  });
  return { ...db, ...watch(db), inSnapshot: (work) => db.inSnapshot((transaction) => work(watch(transaction))) };
}

let running: { stop: AbortController; done: Promise<void>; kafka: KafkaClient; publisher: Publisher } | undefined;

function start(prefix: string, tables: readonly string[]): void {
  acked = 0;
  said = 0;
  const kafka = createKafkaClient({ brokers: env('BROKERS').split(','), clientId: 'bench' }, log);
  const publisher = new Publisher({
    kafka,
    registry: createRegistry({ url: env('CCOMPAT') }),
    name: 'bench',
    topicPrefix: prefix,
    partitions: 1,
    replicationFactor: 1,
    log,
    onPublished: ({ changes }) => {
      acked += changes;
    },
  });
  const { pageRows, maxBatchRows, snapshotChunkRows, snapshot } = captureSchema.parse({});
  const settings = captureSettings({
    database: env('SQL_DATABASE'),
    tables,
    pageRows,
    maxBatchRows,
    snapshotChunkRows,
    pollIntervalMs: 20,
    maxPollIntervalMs: 20,
    snapshot: { ...snapshot, isolation: 'snapshot' },
  });
  const capture = new Capture({
    openSource: async () =>
      gated(
        await openDatabase({
          server: '127.0.0.1',
          port: Number(env('SQL_PORT')),
          database: env('SQL_DATABASE'),
          user: 'sa',
          password: env('SQL_PASSWORD'),
          encrypt: false,
          trustServerCertificate: true,
          connectTimeoutMs: 15_000,
          requestTimeoutMs: 60_000,
        }),
      ),
    sink: publisher,
    settings,
    log,
  });
  const stop = new AbortController();
  running = { stop, kafka, publisher, done: capture.run(stop.signal) };
  running.done.catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  });
  say('started');
}

async function stop(): Promise<void> {
  if (!running) return;
  gate.open();
  running.stop.abort();
  await running.done;
  await running.publisher.close();
  await running.kafka.close();
  running = undefined;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [word, prefix = '', tables = ''] = line.split(' ');
  if (word === 'start') start(prefix, tables.split(','));
  else if (word === 'pause') await gate.close().then(() => say('paused'));
  else if (word === 'resume') {
    gate.open();
    say('resumed');
  } else if (word === 'stop') await stop().then(() => say('stopped'));
}
await stop();
process.exit(0);
