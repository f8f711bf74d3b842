-- Switches change data capture on for the tables the storefront needs. Run once as a member of sysadmin (enable_db) or db_owner
-- (enable_table); needs SQL Server Agent. SQL Server 2016 SP1 or later. Customer stays out: the web needs no personal data.
-- The gating role is made when it does not exist; infra/sql makes the capture login a member of it.
USE AdventureWorks;
GO
EXEC sys.sp_cdc_enable_db;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'Production', @source_name = N'ProductCategory', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'Production', @source_name = N'ProductSubcategory', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'Production', @source_name = N'ProductModel', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'Production', @source_name = N'ProductDescription', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'Production', @source_name = N'ProductModelProductDescriptionCulture', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'Production', @source_name = N'Product', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'Production', @source_name = N'Location', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'Production', @source_name = N'ProductInventory', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'Sales', @source_name = N'SalesOrderHeader', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'Sales', @source_name = N'SalesOrderDetail', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
