import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { createLogger } from '#infra/runtime/logger.ts';
import { startStack } from '#infra/stack/stack.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { eventually } from '#test/support/eventually.ts';
import { startStandin } from '#test/support/standinProcess.ts';
import { peakBytes, resetPeak, sluiceSubject } from '../bench/capture/subject.ts';
import { BENCH_SQL, enableCapture, insertRows, STREAM_TABLES } from '../bench/capture/workload.ts';

/**
 * The capture's memory over one huge transaction: peak while it streams many small transactions, and while it streams one of a million changes. Exit
 * code 1 when the second is more than a third above the first. Argument: changes of the transaction (default 1,000,000).
 */
const changes = Number(process.argv[2] ?? 1_000_000);
const ROWS = 50_000;
const MAX_GROWTH = 4 / 3;

const stack = await startStack({
  parts: ['kafka', 'registry'],
  log: createLogger('memory', 'warn'),
  provider: 'local',
});
const standin = await startStandin({ scripts: [BENCH_SQL], args: ['--capture-interval', '50', '--tls', 'off'] });
const db = await openDatabase(
  databaseOptions(standin, 'BENCH', { connectTimeoutMs: 15_000, requestTimeoutMs: 600_000 }),
);
const [table] = STREAM_TABLES;
const subject = sluiceSubject({
  sqlPort: standin.port,
  sqlPassword: standin.saPassword,
  database: 'BENCH',
  brokers: stack.addresses.kafka!.brokers,
  registry: stack.addresses.registry!.url,
});
const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);

try {
  await db.batch(enableCapture(table));
  subject.start('memory', [`dbo.${table.name}`]);
  let id = 0;
  await eventually(
    async () => {
      await insertRows(db, table, id++, 1);
      if (subject.acked === 0) throw new Error('the capture does not stream yet');
    },
    { timeoutMs: 60_000, everyMs: 250 },
  );
  const small = await peakOver(ROWS * 2, async () => {
    await insertRows(db, table, 1_000_000, ROWS);
    for (let from = 1_000_000; from < 1_000_000 + ROWS; from += 500) {
      await db.batch(`UPDATE dbo.${table.name} SET C5 = C5 + 1 WHERE ID >= ${from} AND ID < ${from + 500}`);
    }
  });
  const update = `UPDATE dbo.${table.name} SET C5 = C5 + 1 WHERE ID >= 1000000`;
  const rounds = Math.ceil(changes / ROWS);
  const large = await peakOver(rounds * ROWS, () =>
    db.batch(`BEGIN TRANSACTION;\n${`${update};\n`.repeat(rounds)}COMMIT TRANSACTION;`),
  );
  process.stdout.write(
    `${JSON.stringify({ smallTransactions: { changes: ROWS * 2, peakMib: mib(small) }, oneTransaction: { changes: rounds * ROWS, peakMib: mib(large) } })}\n`,
  );
  if (large > small * MAX_GROWTH) process.exitCode = 1;
} finally {
  await subject.end();
  await db.close();
  await standin.stop();
  await stack.stop();
}

/** Most memory the capture held while it wrote this many changes more. */
async function peakOver(more: number, work: () => Promise<void>): Promise<number> {
  const before = subject.acked;
  resetPeak(subject.pid);
  await work();
  await subject.untilAcked(before + more);
  return peakBytes(subject.pid);
}
