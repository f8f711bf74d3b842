-- Switches change data capture on for the tables the storefront needs. Run once as a member of sysadmin (enable_db) or db_owner
-- (enable_table); needs SQL Server Agent. SQL Server 2016 SP1 or later. CUSTOMER and SUPPLIER stay out: the web needs neither.
-- The gating role is made when it does not exist; infra/sql makes the capture login a member of it.
USE EPOS;
GO
EXEC sys.sp_cdc_enable_db;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'VAT_RATE', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'DEPT', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'BRANCH', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'PRODUCT', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'STOCK', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'ORD_HDR', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'ORD_LINE', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
