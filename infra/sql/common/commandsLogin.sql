-- The command API's login. What it may execute follows in commandsGrants.sql: nothing else. Minimum version: SQL Server 2005.
-- $(SluiceCommandsPassword) is a sqlcmd variable: sqlcmd -v SluiceCommandsPassword="...". Run as securityadmin and db_owner.

IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE name = N'sluice_commands')
    CREATE LOGIN sluice_commands WITH PASSWORD = N'$(SluiceCommandsPassword)';
GO
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'sluice_commands')
    CREATE USER sluice_commands FOR LOGIN sluice_commands WITH DEFAULT_SCHEMA = storefront;
GO
