-- Two captured tables with rows from before the capture.
CREATE DATABASE Depot;
GO
ALTER DATABASE Depot SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
USE Depot;
GO
CREATE TABLE dbo.Item (
  ItemId int NOT NULL CONSTRAINT PK_Item PRIMARY KEY,
  Label nvarchar(40) NOT NULL,
  Price decimal(14, 4) NOT NULL,
  Units bigint NOT NULL,
  Note varchar(30) NULL,
  Touched datetime2(3) NOT NULL
);
CREATE TABLE dbo.Move (
  MoveId int NOT NULL CONSTRAINT PK_Move PRIMARY KEY,
  ItemId int NOT NULL,
  Quantity smallint NOT NULL
);
GO
EXEC sys.sp_cdc_enable_db;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'Item', @role_name = NULL, @supports_net_changes = 1;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'Move', @role_name = NULL, @supports_net_changes = 0;
GO
