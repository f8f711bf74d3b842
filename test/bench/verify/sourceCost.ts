import { readFileSync } from 'node:fs';
import { TableReader } from '#connectors/capture/chunk.ts';
import type { CapturedTable } from '#connectors/capture/types.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import { loadCaptureInstances } from '#connectors/sqlserver/metadata.ts';
import { startStandin } from '#test/support/standinProcess.ts';

/**
 * What comparing a table costs the source: the same rows read by digest, as `sluice verify` does, and whole. Statements, bytes of the values,
 * seconds and CPU seconds of the server's process. Argument: rows (default 1000000). The stand-in is not SQL Server: its CPU seconds are far
 * above a real server's; what carries over are statements, rows and bytes.
 */
const rows = Number(process.argv[2] ?? 1_000_000);
const CHUNK = 5000;
const INSERT = 1000;

const SCHEMA = `CREATE DATABASE COST;
GO
USE COST;
ALTER DATABASE COST SET ALLOW_SNAPSHOT_ISOLATION ON;
EXEC sys.sp_cdc_enable_db;
CREATE TABLE dbo.PRODUCT (CODE char(12) NOT NULL PRIMARY KEY, NAME varchar(80) NOT NULL, LONG_DESC nvarchar(400) NULL, CAT char(4) NULL,
  PRICE1 decimal(12,2) NOT NULL, PRICE2 decimal(12,2) NULL, VAT smallint NOT NULL, WEIGHT decimal(9,3) NULL, ACTIVE char(1) NOT NULL,
  CREATED datetime NOT NULL, CHANGED datetime2(7) NOT NULL, BARCODE varchar(20) NULL);`;

const TICKS_PER_SECOND = 100;

/** CPU seconds a process has used. Source: proc(5), /proc/pid/stat, utime and stime. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function fill(db: Database): Promise<void> {
  for (let first = 0; first < rows; first += INSERT) {
    const values = Array.from({ length: Math.min(INSERT, rows - first) }, (_, i) => {
      const n = first + i;
      return `('P${n}', 'Article number ${n} of the long list', N'${'A description of what it is. '.repeat(6)}${n}', 'C${n % 50}', ${n % 900}.99, NULL, 20, 1.250, 'Y', '2024-01-02 03:04:05.007', '2026-01-02 03:04:05.1234567', '50${n}')`;
    });
    await db.batch(`INSERT INTO dbo.PRODUCT VALUES ${values.join(',')}`);
  }
  await db.batch(
    "EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'PRODUCT', @role_name = NULL, @supports_net_changes = 0",
  );
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length * 2;
  return Buffer.isBuffer(value) ? value.length : 8;
}

const standin = await startStandin({ scripts: [SCHEMA], args: ['--tls', 'off'] });
const db = await openDatabase({
  ...{ server: '127.0.0.1', port: standin.port, database: 'COST', user: 'sa', password: standin.saPassword },
  ...{ encrypt: false, trustServerCertificate: true, connectTimeoutMs: 5000, requestTimeoutMs: 300_000 },
});
try {
  await fill(db);
  const [instance] = await loadCaptureInstances(db);
  const table: CapturedTable = { id: 'dbo.PRODUCT', database: 'COST', instance: instance! };
  const reader = new TableReader(db, table, null, new AbortController().signal);
  for (const way of ['digests', 'whole rows'] as const) {
    const [cpuBefore, startedAt] = [cpuSeconds(standin.pid), performance.now()];
    let [statements, bytes, read] = [0, 0, 0];
    let after: readonly string[] | null = null;
    for (let last = false; !last; ) {
      const range = {
        isolation: 'snapshot' as const,
        since: ZERO_LSN,
        onView: () => undefined,
        after,
        upTo: null,
        limit: CHUNK,
      };
      // Each range has the statement that fixes its view before it.
      statements += 2;
      if (way === 'digests') {
        const found = await reader.digests(range);
        for (const { key, digest } of found.rows) bytes += key.reduce((sum, part) => sum + sizeOf(part), digest.length);
        [read, after, last] = [read + found.rows.length, found.rows.at(-1)?.key ?? after, found.last];
      } else {
        const found = await reader.range(range);
        for (const row of found.rows) for (const value of Object.values(row)) bytes += sizeOf(value);
        const next: typeof after = found.rows.length > 0 ? found.keyOf(found.rows.length - 1) : after;
        [read, after, last] = [read + found.rows.length, next, found.last];
      }
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const cpu = cpuSeconds(standin.pid) - cpuBefore;
    process.stdout.write(
      `${way}: ${read} rows, ${statements} statements, ${(bytes / 1024 / 1024).toFixed(1)} MB (${(bytes / read).toFixed(0)} bytes a row), ` +
        `${seconds.toFixed(1)} s, ${cpu.toFixed(1)} CPU s of the server (${((100 * cpu) / seconds).toFixed(0)} % of one core)\n`,
    );
  }
} finally {
  await db.close();
  await standin.stop();
}
