import type { Database } from '#connectors/sqlserver/connection.ts';

export const CAPTURE_PASSWORD = 'C4pture!Only';

/** A small database with the awkward types of an old one, filled before CDC is switched on, and a login that can only capture. */
export const CAPTURE_SHOP_SQL = `
CREATE DATABASE SHOP;
GO
ALTER DATABASE SHOP SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
USE SHOP;
GO
CREATE TABLE dbo.ITEM (
  CODE char(8) NOT NULL CONSTRAINT PK_ITEM PRIMARY KEY,
  DESCR nvarchar(60) NOT NULL,
  NOTES text NULL,
  PRICE money NOT NULL,
  WEIGHT decimal(9,3) NULL,
  BIG bigint NOT NULL,
  FLAG bit NOT NULL,
  SEEN datetime2(7) NULL,
  ZONED datetimeoffset(7) NULL,
  AMENDED datetime NOT NULL,
  UID uniqueidentifier NOT NULL,
  ROW_VER rowversion NOT NULL
);
GO
CREATE TABLE dbo.STOCK (
  CODE char(8) NOT NULL,
  PLACE smallint NOT NULL,
  QTY int NOT NULL,
  CONSTRAINT PK_STOCK PRIMARY KEY (CODE, PLACE)
);
GO
CREATE TABLE dbo.QUIET (ID int NOT NULL CONSTRAINT PK_QUIET PRIMARY KEY);
GO
INSERT INTO dbo.ITEM (CODE, DESCR, NOTES, PRICE, WEIGHT, BIG, FLAG, SEEN, ZONED, AMENDED, UID) VALUES
  ('A1', N'Plank – “oak”', 'first note', 922337203685477.5807, -0.125, -9223372036854775808, 1, '2026-01-02 03:04:05.1234567',
   '2026-01-02 03:04:05.1200000 +05:30', '2026-01-02 03:04:05.007', '6F9619FF-8B86-D011-B42D-00C04FC964FF');
GO
DECLARE @i int = 0;
WHILE @i < 450
BEGIN
  INSERT INTO dbo.ITEM (CODE, DESCR, NOTES, PRICE, WEIGHT, BIG, FLAG, SEEN, ZONED, AMENDED, UID)
  VALUES ('I' + RIGHT('00000' + CONVERT(varchar(5), @i), 5), N'Item', 'note', 1.5, NULL, @i, 0, NULL, NULL, '2026-01-01', NEWID());
  INSERT INTO dbo.STOCK (CODE, PLACE, QTY) VALUES ('I' + RIGHT('00000' + CONVERT(varchar(5), @i), 5), 1, @i);
  INSERT INTO dbo.STOCK (CODE, PLACE, QTY) VALUES ('I' + RIGHT('00000' + CONVERT(varchar(5), @i), 5), 2, 0);
  SET @i += 1;
END;
GO
EXEC sys.sp_cdc_enable_db;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'ITEM', @role_name = NULL, @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'STOCK', @role_name = NULL, @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'QUIET', @role_name = NULL, @supports_net_changes = 0;
GO
CREATE LOGIN reader WITH PASSWORD = N'${CAPTURE_PASSWORD}';
GO
CREATE USER reader FOR LOGIN reader;
GO
GRANT SELECT ON SCHEMA::cdc TO reader;
GO
GRANT SELECT ON dbo.ITEM TO reader;
GO
GRANT SELECT ON dbo.STOCK TO reader;
GO
GRANT SELECT ON dbo.QUIET TO reader;
GO
GRANT VIEW DATABASE STATE TO reader;
GO
USE master;
GO
GRANT VIEW SERVER STATE TO reader;
GO
`;

export const CAPTURE_SHOP_TABLES = ['dbo.ITEM', 'dbo.STOCK', 'dbo.QUIET'];

/** One round of work: several tables in one transaction, key updates, deletes and new rows. `n` makes rounds differ. */
export async function work(db: Database, n: number): Promise<void> {
  const code = `I${String(n % 450).padStart(5, '0')}`;
  const fresh = `N${String(n).padStart(6, '0')}`;
  await db.batch(`
BEGIN TRANSACTION;
UPDATE dbo.ITEM SET PRICE = PRICE + 0.0001, AMENDED = GETDATE() WHERE CODE = '${code}';
UPDATE dbo.STOCK SET QTY = QTY - 1 WHERE CODE = '${code}';
INSERT INTO dbo.STOCK (CODE, PLACE, QTY) VALUES ('${fresh}', 1, ${n});
COMMIT TRANSACTION;`);
  if (n % 3 === 0) await db.batch(`UPDATE dbo.STOCK SET PLACE = 9 WHERE CODE = '${fresh}'`);
  if (n % 4 === 0) await db.batch(`DELETE FROM dbo.STOCK WHERE CODE = '${fresh}'`);
  if (n % 5 === 0) await db.batch(`UPDATE dbo.ITEM SET NOTES = 'note ${n}' WHERE CODE = '${code}'`);
}
