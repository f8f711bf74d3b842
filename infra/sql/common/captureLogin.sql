-- The capture's login for the demo databases; `sluice sql capture` prints the same for any configuration. The grants on the captured tables
-- follow in the database's own script.
-- Minimum version: SQL Server 2012 (ALTER ROLE ... ADD MEMBER). $(SluiceCapturePassword) and $(SluiceDatabase) are sqlcmd variables. Run as sysadmin.

IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE name = N'sluice_capture')
    CREATE LOGIN sluice_capture WITH PASSWORD = N'$(SluiceCapturePassword)';
GO
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'sluice_capture')
    CREATE USER sluice_capture FOR LOGIN sluice_capture;
GO
-- The gating role that the CDC scripts named.
ALTER ROLE sluice_cdc_reader ADD MEMBER sluice_capture;
GO
-- Change tables, functions and metadata of CDC.
GRANT SELECT ON SCHEMA::cdc TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON storefront.COMMAND TO sluice_capture;
GO
-- Lets a snapshot chunk learn the LSN of its own transaction (sys.dm_tran_database_transactions) and preflight see whether the capture
-- job runs. Without it a documented slower way is taken. On SQL Server 2022 VIEW SERVER PERFORMANCE STATE is enough.
GRANT VIEW DATABASE STATE TO sluice_capture;
GO
-- A server right can only be granted in master (error 4621).
USE master;
GO
GRANT VIEW SERVER STATE TO sluice_capture;
GO
USE [$(SluiceDatabase)];
GO
