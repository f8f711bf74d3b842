-- Captures storefront.COMMAND. Minimum version: SQL Server 2016 SP1 (earlier: Enterprise edition). Run as db_owner, after
-- sys.sp_cdc_enable_db. Only members of the gating role sluice_cdc_reader, which this makes if need be, may read the changes.
-- The audit table is not captured.

EXEC sys.sp_cdc_enable_table
    @source_schema = N'storefront', @source_name = N'COMMAND', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0;
GO
