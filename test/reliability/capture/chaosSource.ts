import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';

/** Rows that change all the time. */
export const CHAOS_KEYS = 600;
export const CHAOS_TABLES = ['dbo.CHAOS', 'dbo.MARK'];

const SQL = `
CREATE DATABASE CHAOS;
GO
ALTER DATABASE CHAOS SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
USE CHAOS;
GO
CREATE TABLE dbo.CHAOS (ID int NOT NULL CONSTRAINT PK_CHAOS PRIMARY KEY, N int NOT NULL, PAD varchar(200) NOT NULL);
GO
CREATE TABLE dbo.MARK (ID int NOT NULL CONSTRAINT PK_MARK PRIMARY KEY);
GO
EXEC sys.sp_cdc_enable_db;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'CHAOS', @role_name = NULL, @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'MARK', @role_name = NULL, @supports_net_changes = 0;
GO
DECLARE @i int = 0;
WHILE @i < ${CHAOS_KEYS}
BEGIN
  INSERT INTO dbo.CHAOS (ID, N, PAD) VALUES (@i, 0, REPLICATE('x', 100));
  SET @i += 1;
END;
`;

/** A source whose rows change as fast as it can, with inserts and deletes among the updates. */
export interface ChaosSource {
  readonly standin: StandinProcess;
  readonly db: Database;
  readonly options: DatabaseOptions;
  /** Changes rows until the signal fires; resolves with the number of changed rows. */
  work(signal: AbortSignal): Promise<number>;
  /** Writes a row that nothing before it can be behind of, and gives its number. */
  mark(): Promise<number>;
  /** Drops the changes captured so far: a run is judged by its own. */
  forget(): Promise<void>;
  stop(): Promise<void>;
}

export async function startChaosSource(): Promise<ChaosSource> {
  const standin = await startStandin({ scripts: [SQL], args: ['--capture-interval', '20', '--tls', 'off'] });
  const options = databaseOptions(standin, 'CHAOS', { connectTimeoutMs: 10_000, requestTimeoutMs: 60_000 });
  // Its own name, so that the capture's sessions can be told from it.
  const db = await openDatabase({ ...options, applicationName: 'chaos' });
  let marks = 0;
  let round = 0;
  return {
    standin,
    db,
    options,
    async work(signal) {
      let changes = 0;
      while (!signal.aborted) {
        round++;
        const from = (round * 37) % CHAOS_KEYS;
        const extra = CHAOS_KEYS + (round % 50);
        await db.batch(`BEGIN TRANSACTION;
UPDATE dbo.CHAOS SET N = N + 1 WHERE ID >= ${from} AND ID < ${from + 40};
INSERT INTO dbo.CHAOS (ID, N, PAD) VALUES (${extra}, ${round}, '');
UPDATE dbo.CHAOS SET N = N + 1 WHERE ID = ${extra};
DELETE FROM dbo.CHAOS WHERE ID = ${extra};
COMMIT TRANSACTION;`);
        changes += 43;
      }
      return changes;
    },
    async mark() {
      await db.batch(`INSERT INTO dbo.MARK (ID) VALUES (${++marks})`);
      return marks;
    },
    async forget() {
      await db.batch(`DECLARE @all binary(10) = sys.fn_cdc_get_max_lsn();
IF @all IS NOT NULL EXEC sys.sp_cdc_cleanup_change_table N'dbo_CHAOS', @all, 5000;`);
    },
    async stop() {
      await db.close();
      await standin.stop();
    },
  };
}
