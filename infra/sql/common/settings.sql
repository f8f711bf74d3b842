-- The settings a procedure keeps from the session that creates it. sqlcmd switches the first one off unless it is called with -I; xml methods,
-- indexed views and indexes on computed columns need it. Minimum version: SQL Server 2005.

SET QUOTED_IDENTIFIER ON;
SET ANSI_NULLS ON;
GO
