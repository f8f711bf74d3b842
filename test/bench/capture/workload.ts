import type { Database } from '#connectors/sqlserver/connection.ts';

/** A table of the bench: `snapshot` tables are filled before the captures start, `stream` tables while they run. */
export interface BenchTable {
  readonly name: string;
  readonly columns: number;
  readonly ddl: string;
  /** The expression of each column but the key for the row numbered `n.N`. */
  readonly values: readonly string[];
}

/** Columns in the manner of an old stock system: [type, expression over n.N]. */
const PATTERN: readonly (readonly [type: string, value: string])[] = [
  ['char(8) NOT NULL', "'P' + RIGHT('0000000' + CONVERT(varchar(7), n.N % 10000000), 7)"],
  ['nvarchar(60) NOT NULL', "N'Garden item number ' + CONVERT(nvarchar(10), n.N)"],
  ['money NOT NULL', 'CONVERT(money, 12.5) + n.N % 100'],
  ['decimal(12,3) NULL', 'CONVERT(decimal(12,3), 0.125) + n.N % 1000'],
  ['int NOT NULL', 'n.N % 5000'],
  ['smallint NULL', 'n.N % 50'],
  ['bit NOT NULL', 'n.N % 2'],
  ['datetime NOT NULL', "'2026-01-02T03:04:05.007'"],
  ['varchar(30) NULL', "'supplier ' + CONVERT(varchar(10), n.N % 300)"],
  ['datetime2(7) NULL', "CONVERT(datetime2(7), '2026-01-02 03:04:05.1234567')"],
  ['bigint NOT NULL', 'CONVERT(bigint, n.N) * 1000003'],
];

function benchTable(name: string, columns: number): BenchTable {
  const used = Array.from({ length: columns - 1 }, (_, i) => PATTERN[i % PATTERN.length]!);
  const lines = used.map(([type], i) => `  C${i + 1} ${type}`);
  return {
    name,
    columns,
    ddl: `CREATE TABLE dbo.${name} (\n  ID int NOT NULL CONSTRAINT PK_${name} PRIMARY KEY,\n${lines.join(',\n')}\n);`,
    values: used.map(([, value]) => value),
  };
}

export const SNAPSHOT_TABLES = [benchTable('READ12', 12), benchTable('READ40', 40)] as const;
/** Holds one row, to measure what a start takes. */
export const ONE_ROW_TABLE = benchTable('READ1', 12);
export const STREAM_TABLES = [benchTable('FEED12', 12), benchTable('FEED40', 40)] as const;

/** Rows one generating statement makes. */
export const GENERATED_ROWS = 1000;

/** A database `BENCH` with the tables, captured, and the numbers that rows are made from. */
export const BENCH_SQL = `
CREATE DATABASE BENCH;
GO
ALTER DATABASE BENCH SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
USE BENCH;
GO
EXEC sys.sp_cdc_enable_db;
GO
CREATE TABLE dbo.NUMBERS (N int NOT NULL PRIMARY KEY);
GO
DECLARE @i int = 0;
WHILE @i < ${GENERATED_ROWS}
BEGIN
  INSERT INTO dbo.NUMBERS (N) VALUES (@i);
  SET @i += 1;
END;
GO
${[...SNAPSHOT_TABLES, ONE_ROW_TABLE, ...STREAM_TABLES].map(({ ddl }) => `${ddl}\nGO\n`).join('')}`;

export function enableCapture(table: BenchTable): string {
  return `EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'${table.name}', @role_name = NULL, @supports_net_changes = 0`;
}

/** Inserts the rows [first, first + count), a transaction per GENERATED_ROWS. */
export async function insertRows(db: Database, table: BenchTable, first: number, count: number): Promise<void> {
  for (let from = first; from < first + count; from += GENERATED_ROWS) {
    const rows = Math.min(GENERATED_ROWS, first + count - from);
    const values = table.values.map((value) => value.replaceAll('n.N', `(n.N + ${from})`));
    await db.batch(
      `INSERT INTO dbo.${table.name} SELECT n.N + ${from}, ${values.join(', ')} FROM dbo.NUMBERS AS n WHERE n.N < ${rows}`,
    );
  }
}

/** Updates two columns of each row of [first, first + count), a transaction per GENERATED_ROWS. */
export async function updateRows(db: Database, table: BenchTable, first: number, count: number): Promise<void> {
  for (let from = first; from < first + count; from += GENERATED_ROWS) {
    const to = Math.min(from + GENERATED_ROWS, first + count);
    await db.batch(`UPDATE dbo.${table.name} SET C3 = C3 + 1, C5 = C5 + 1 WHERE ID >= ${from} AND ID < ${to}`);
  }
}

/** Resolves when the change table's newest change is `changes` rows after what it held; polls gently. */
export async function countChanges(db: Database, table: BenchTable): Promise<number> {
  const [row] = await db.rows(`SELECT COUNT(*) FROM cdc.[dbo_${table.name}_CT]`);
  return Number(row?.[0] ?? 0);
}
