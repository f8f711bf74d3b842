import { setTimeout as delay } from 'node:timers/promises';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { createLogger, silentLogger } from '#infra/runtime/logger.ts';
import { startStack } from '#infra/stack/stack.ts';
import { buildCapture } from '#test/support/captureProcess.ts';
import { eventually } from '#test/support/eventually.ts';
import { startStandin } from '#test/support/standinProcess.ts';
import { cpuMs } from './standin/processFacts.ts';

/**
 * What idle tables cost: statements a second, and processor time of capture and source, with one captured table and with 200 of which 199 are idle. One of
 * them changes ten times a second. Usage: node test/bench/captureIdle.ts [seconds]
 */
const seconds = Number(process.argv[2] ?? 10);
const TABLES = 200;
const names = Array.from({ length: TABLES }, (_, i) => `dbo.T${i}`);
const SQL = `
CREATE DATABASE IDLE;
GO
ALTER DATABASE IDLE SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
USE IDLE;
GO
EXEC sys.sp_cdc_enable_db;
GO
${names.map((name) => `CREATE TABLE ${name} (ID int NOT NULL PRIMARY KEY, N int NOT NULL);\nGO\nEXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'${name.slice(4)}', @role_name = NULL, @supports_net_changes = 0;\nGO`).join('\n')}
`;

const stack = await startStack({ parts: ['kafka', 'registry'], log: createLogger('idle', 'warn'), provider: 'local' });
const standin = await startStandin({ scripts: [SQL], args: ['--tls', 'off'] });
const source = {
  server: '127.0.0.1',
  port: standin.port,
  database: 'IDLE',
  user: 'sa',
  password: standin.saPassword,
  encrypt: false,
  trustServerCertificate: true,
  connectTimeoutMs: 15_000,
  requestTimeoutMs: 60_000,
};
const db = await openDatabase(source);
let next = 0;
try {
  for (const tables of [names.slice(0, 1), names]) await measure(tables);
} finally {
  await db.close();
  await standin.stop();
  await stack.stop();
}

async function measure(tables: readonly string[]): Promise<void> {
  const { capture, kafka } = buildCapture(
    {
      source,
      tables,
      brokers: stack.addresses.kafka!.brokers,
      registryUrl: stack.addresses.registry!.url,
      topicPrefix: `idle-${tables.length}`,
      settings: { pollIntervalMs: 100, maxPollIntervalMs: 500 },
    },
    silentLogger,
  );
  const stop = new AbortController();
  const running = capture.run(stop.signal);
  await eventually(
    () => {
      if (capture.status().state !== 'streaming') throw new Error(`the capture is ${capture.status().state}`);
    },
    { timeoutMs: 120_000, everyMs: 200 },
  );
  const working = new AbortController();
  const changes = change(working.signal);
  // The rate is that of the last ten seconds.
  await delay(10_500);
  const [own, theirs] = [process.cpuUsage(), cpuMs(standin.pid)];
  await delay(seconds * 1000);
  const used = process.cpuUsage(own);
  const line = {
    tables: tables.length,
    idle: tables.length - 1,
    statementsPerSecond: capture.status().queriesPerSecond,
    captureCpuPercent: Math.round((used.user + used.system) / 10_000 / seconds),
    sourceCpuPercent: Math.round((cpuMs(standin.pid) - theirs) / 10 / seconds),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  working.abort();
  await changes;
  stop.abort();
  await running;
  await kafka.close();
}

async function change(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await db.batch(`INSERT INTO dbo.T0 (ID, N) VALUES (${++next}, 0)`);
    await delay(100);
  }
}
