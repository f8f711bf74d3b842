import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { createLogger } from '#infra/runtime/logger.ts';
import { type Stack, startStack } from '#infra/stack/stack.ts';
import { eventually } from '#test/support/eventually.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';
import { Unavailable } from '../contract/clients/foreignProgram.ts';
import { prepareDebezium } from '../contract/debezium/debeziumRun.ts';
import { measureLatency } from './capture/latency.ts';
import { type Bystander, measureRound, measureStartUp, report, type Sample } from './capture/rounds.ts';
import { type BenchServers, debeziumSubject, type Subject, sluiceSubject } from './capture/subject.ts';
import {
  BENCH_SQL,
  type BenchTable,
  countChanges,
  enableCapture,
  insertRows,
  ONE_ROW_TABLE,
  SNAPSHOT_TABLES,
  STREAM_TABLES,
  updateRows,
} from './capture/workload.ts';

/**
 * The capture's speed, and Debezium's embedded engine beside it in the same run: the same stand-in, broker, registry, rows and Avro, by turns, the
 * other one held. Both processes stay for all rounds; the first is not counted. Rates are of this machine and mean something only beside
 * each other. Usage: node test/bench/capture.ts [--runs 5] [--rows 100000] [--wide-rows 40000] [--latency 100,2000,10000] [--seconds 10]
 *   [--only snapshot|stream|latency] [--without-debezium] [--node-args="--cpu-prof --cpu-prof-dir=DIR"]
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    rows: { type: 'string', default: '100000' },
    'wide-rows': { type: 'string', default: '40000' },
    latency: { type: 'string', default: '100,2000,10000' },
    seconds: { type: 'string', default: '10' },
    only: { type: 'string', default: '' },
    'without-debezium': { type: 'boolean', default: false },
    'node-args': { type: 'string', default: '' },
  },
});
const runs = Number(values.runs);
const rowsOf = (table: BenchTable): number => Number(table.columns > 20 ? values['wide-rows'] : values.rows);
const wanted = (part: string): boolean => values.only === '' || values.only.split(',').includes(part);
const print = (text: string): void => void process.stdout.write(text);

interface Bench {
  readonly db: Database;
  readonly servers: BenchServers;
  readonly subjects: readonly Subject[];
  readonly bystanders: readonly Bystander[];
}

/** Rounds by turns; the first one warms up. `begin` sets one subject going. */
async function rounds(one: (subject: Subject) => Promise<Sample>, bench: Bench, prepare: () => Promise<void>) {
  const all: Sample[][] = [];
  for (let run = 0; run <= runs; run++) {
    await prepare();
    const samples: Sample[] = [];
    for (const subject of bench.subjects) samples.push(await one(subject));
    if (run > 0) all.push(samples);
  }
  return all;
}

async function snapshots(bench: Bench): Promise<void> {
  await insertRows(bench.db, ONE_ROW_TABLE, 0, 1);
  await bench.db.batch(enableCapture(ONE_ROW_TABLE));
  for (const table of SNAPSHOT_TABLES) {
    const rows = rowsOf(table);
    await insertRows(bench.db, table, 0, rows);
    await bench.db.batch(enableCapture(table));
    const start =
      (subject: Subject, { name }: BenchTable) =>
      (): void =>
        subject.start(`bench-${randomUUID()}`, [`dbo.${name}`]);
    const one = async (subject: Subject): Promise<Sample> => {
      const startUp = await measureStartUp(subject, start(subject, ONE_ROW_TABLE));
      await subject.stop();
      const sample = await measureRound(subject, rows, bench.bystanders, start(subject, table), startUp);
      await subject.stop();
      return sample;
    };
    const all = await rounds(one, bench, async () => undefined);
    print(report(`snapshot, ${rows} rows of ${table.columns} columns`, names(bench), all));
  }
}

async function streams(bench: Bench): Promise<void> {
  for (const table of STREAM_TABLES) {
    const rows = rowsOf(table);
    const half = rows >> 1;
    await bench.db.batch(enableCapture(table));
    await startOnEmpty(bench, table);
    let next = 1_000_000;
    const prepare = async (): Promise<void> => {
      await emptyChangeTable(bench.db, table);
      for (const subject of bench.subjects) await subject.pause();
      await insertRows(bench.db, table, next, half);
      await updateRows(bench.db, table, next, half);
      next += half;
      await eventually(
        async () => {
          if ((await countChanges(bench.db, table)) < half * 3) throw new Error('the capture job is not through');
        },
        { timeoutMs: 120_000, everyMs: 200 },
      );
    };
    const one = async (subject: Subject): Promise<Sample> => {
      const sample = await measureRound(subject, half * 2, bench.bystanders, () => subject.resume());
      await subject.pause();
      return sample;
    };
    const all = await rounds(one, bench, prepare);
    print(report(`streaming, ${half} inserts and ${half} updates of ${table.columns} columns`, names(bench), all));
    for (const subject of bench.subjects) {
      await subject.resume();
      await subject.stop();
    }
  }
}

const names = (bench: Bench): string[] => bench.subjects.map((s) => s.name);

/** Starts every subject on the table while it is empty, and proves that it streams by a row. */
async function startOnEmpty(bench: Bench, table: BenchTable): Promise<void> {
  let id = 0;
  for (const subject of bench.subjects) {
    await subject.stop();
    subject.start(`bench-${randomUUID()}`, [`dbo.${table.name}`]);
    await eventually(
      async () => {
        await insertRows(bench.db, table, id++, 1);
        if (subject.acked === 0) throw new Error(`${subject.name} does not stream yet`);
      },
      { timeoutMs: 90_000, everyMs: 250 },
    );
  }
  await settle(bench);
}

/** Waits until no subject writes any more. */
async function settle(bench: Bench): Promise<void> {
  for (const subject of bench.subjects) {
    let before = -1;
    await eventually(
      () => {
        const now = subject.acked;
        const quiet = now === before;
        before = now;
        if (!quiet) throw new Error(`${subject.name} is still writing`);
      },
      { timeoutMs: 60_000, everyMs: 700 },
    );
  }
}

/** What the rounds before left: all subjects are through it. */
async function emptyChangeTable(db: Database, table: BenchTable): Promise<void> {
  const [row] = await db.rows(`SELECT MAX(c.[__$start_lsn]) FROM cdc.[dbo_${table.name}_CT] AS c`);
  if (!row?.[0]) return;
  const lsn = (row[0] as Buffer).toString('hex');
  await db.batch(
    `EXEC sys.sp_cdc_cleanup_change_table @capture_instance = N'dbo_${table.name}', @low_water_mark = 0x${lsn}, @threshold = 1000000`,
  );
}

async function latencies(bench: Bench): Promise<void> {
  const table = STREAM_TABLES[0];
  if (!wanted('stream')) await bench.db.batch(enableCapture(table));
  await startOnEmpty(bench, table);
  for (const rate of values.latency.split(',').map(Number)) {
    for (const subject of bench.subjects) {
      for (const other of bench.subjects) if (other !== subject) await other.pause();
      print(await measureLatency(bench.db, table, subject, rate, Number(values.seconds)));
      for (const other of bench.subjects) if (other !== subject) await other.resume();
      await settle(bench);
    }
  }
  for (const subject of bench.subjects) await subject.stop();
}

function processOf(stack: Stack, name: string): Bystander {
  return { name, pid: stack.processes.find((p) => p.name === name)!.pid };
}

async function subjectsFor(servers: BenchServers): Promise<Subject[]> {
  const subjects = [sluiceSubject(servers, values['node-args'].split(' ').filter(Boolean))];
  if (values['without-debezium']) return subjects;
  try {
    subjects.push(debeziumSubject(servers, await prepareDebezium(), 'direct'));
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    print(`without Debezium: ${error.message}\n`);
  }
  return subjects;
}

async function open(standin: StandinProcess): Promise<Database> {
  return openDatabase({
    server: '127.0.0.1',
    port: standin.port,
    database: 'BENCH',
    user: 'sa',
    password: standin.saPassword,
    encrypt: false,
    trustServerCertificate: true,
    connectTimeoutMs: 15_000,
    requestTimeoutMs: 120_000,
  });
}

const log = createLogger('bench', 'warn');
const stack = await startStack({ parts: ['kafka', 'registry'], log, provider: 'local' });
const standin = await startStandin({ scripts: [BENCH_SQL], args: ['--capture-interval', '50', '--tls', 'off'] });
const db = await open(standin);
const servers: BenchServers = {
  sqlPort: standin.port,
  sqlPassword: standin.saPassword,
  database: 'BENCH',
  brokers: stack.addresses.kafka!.brokers,
  registry: stack.addresses.registry!.url,
};
const subjects = await subjectsFor(servers);
try {
  const bystanders = [{ name: 'stand-in', pid: standin.pid }, processOf(stack, 'kafka')];
  const bench: Bench = { db, servers, subjects, bystanders };
  if (wanted('snapshot')) await snapshots(bench);
  if (wanted('stream')) await streams(bench);
  if (wanted('latency')) await latencies(bench);
} finally {
  for (const subject of subjects) await subject.end();
  await db.close();
  await standin.stop();
  await stack.stop();
}
