import type sql from 'mssql';
import { afterEach, expect, it } from 'vitest';
import { driverPool } from '#test/support/driverPool.ts';
import { eventually } from '#test/support/eventually.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';
import { tempFolder } from '#test/support/tempFolder.ts';

const SCHEMA = `
USE SHOP
GO
EXEC sys.sp_cdc_enable_db
GO
CREATE TABLE dbo.PART (ID int IDENTITY PRIMARY KEY, WRITER int NOT NULL, NO int NOT NULL, NOTE varchar(40) NULL, RV rowversion)
CREATE TABLE dbo.TOTAL (WRITER int PRIMARY KEY, PARTS int NOT NULL)
INSERT dbo.TOTAL VALUES (0, 0), (1, 0), (2, 0), (3, 0)
GO
EXEC sys.sp_cdc_enable_table N'dbo', N'PART', @role_name = NULL
GO
`;
const WRITERS = 4;
const ACKNOWLEDGED_BEFORE_KILL = 400;

let standin: StandinProcess | null = null;

afterEach(async () => {
  await standin?.stop();
  standin = null;
});

const connect = () => driverPool(standin!, WRITERS);

/** Commits numbered parts until the server goes; returns the last number that was acknowledged. */
async function write(
  pool: sql.ConnectionPool,
  writer: number,
  first: number,
  acknowledged: () => void,
): Promise<number> {
  for (let no = first; ; no++) {
    try {
      await pool.query(`SET XACT_ABORT ON; BEGIN TRAN;
        INSERT dbo.PART (WRITER, NO, NOTE) VALUES (${writer}, ${no}, 'part ${no}');
        UPDATE dbo.TOTAL SET PARTS = PARTS + 1 WHERE WRITER = ${writer}; COMMIT`);
    } catch {
      return no - 1;
    }
    acknowledged();
  }
}

async function value(pool: sql.ConnectionPool, query: string): Promise<string> {
  const { recordset } = await pool.query<{ v: unknown }>(query);
  const { v } = recordset[0]!;
  return Buffer.isBuffer(v) ? v.toString('hex') : String(v);
}

it('a stand-in killed under load keeps every acknowledged transaction, whole, and captures each once', async () => {
  const args = ['--database', 'SHOP', '--data', tempFolder(), '--capture-interval', '20'];
  standin = await startStandin({ scripts: [SCHEMA], args });
  const last = Array.from({ length: WRITERS }, () => 0);
  let maxLsn = '';
  for (let round = 1; round <= 3; round++) {
    const pool = await connect();
    let count = 0;
    const { pid } = standin;
    const writers = last.map((from, writer) =>
      write(pool, writer, from + 1, () => {
        if (++count === ACKNOWLEDGED_BEFORE_KILL) process.kill(pid, 'SIGKILL');
      }),
    );
    const acknowledged = await Promise.all(writers);
    await pool.close();
    await standin.stop();
    standin = await startStandin({ scripts: [SCHEMA], args });
    const after = await connect();
    for (let writer = 0; writer < WRITERS; writer++) {
      const where = `WHERE WRITER = ${writer}`;
      const parts = Number(await value(after, `SELECT COUNT(*) AS v FROM dbo.PART ${where}`));
      expect(await value(after, `SELECT MAX(NO) AS v FROM dbo.PART ${where}`)).toBe(String(parts));
      expect(await value(after, `SELECT PARTS AS v FROM dbo.TOTAL ${where}`)).toBe(String(parts));
      // The one in flight may or may not have made it.
      expect(parts - acknowledged[writer]!).toBeLessThanOrEqual(1);
      expect(parts).toBeGreaterThanOrEqual(acknowledged[writer]!);
      last[writer] = parts;
    }
    const rows = await value(after, 'SELECT COUNT(*) AS v FROM dbo.PART');
    await eventually(async () => expect(await value(after, 'SELECT COUNT(*) AS v FROM cdc.dbo_PART_CT')).toBe(rows), {
      timeoutMs: 10_000,
    });
    expect(await value(after, 'SELECT COUNT(DISTINCT ID) AS v FROM cdc.dbo_PART_CT')).toBe(rows);
    expect(await value(after, 'SELECT COUNT(DISTINCT RV) AS v FROM dbo.PART')).toBe(rows);
    const lsn = await value(after, 'SELECT sys.fn_cdc_get_max_lsn() AS v');
    expect(lsn > maxLsn).toBe(true);
    maxLsn = lsn;
    await after.close();
  }
});
