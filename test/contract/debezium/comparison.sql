-- Tables with every type and kind of key, in two databases, with rows from before the capture.
CREATE DATABASE Main;
GO
ALTER DATABASE Main SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
USE Main;
GO
CREATE TABLE dbo.AllTypes (
  Id int NOT NULL CONSTRAINT PK_AllTypes PRIMARY KEY,
  ABit bit NOT NULL DEFAULT 1,
  ABitNull bit NULL DEFAULT 0,
  ATiny tinyint NULL DEFAULT 255,
  ASmall smallint NOT NULL DEFAULT -7,
  AnInt int NULL DEFAULT (5),
  AnIntExpression int NULL DEFAULT (1 + 2),
  AnIntNull int NULL DEFAULT NULL,
  ABig bigint NULL DEFAULT 3147483648,
  AReal real NULL DEFAULT 1.5,
  AFloat float NULL DEFAULT 2.25E10,
  ADecimal decimal(9, 3) NULL DEFAULT 1.5,
  ADecimalNotNull decimal(20, 6) NOT NULL DEFAULT -0.000001,
  ANumeric numeric(38, 0) NULL,
  AMoney money NULL DEFAULT 12.5,
  ASmallMoney smallmoney NOT NULL DEFAULT 0,
  AChar char(5) NULL DEFAULT 'ab',
  AVarchar varchar(20) NULL DEFAULT 'plain',
  AnNchar nchar(4) NULL DEFAULT N'żó',
  AnNvarchar nvarchar(20) NOT NULL DEFAULT N'',
  AGuid uniqueidentifier NULL DEFAULT '6f9619ff-8b86-d011-b42d-00c04fc964ff',
  ABinary binary(4) NULL DEFAULT 0x0102,
  AVarbinary varbinary(8) NULL,
  ADate date NULL DEFAULT '2019-02-03',
  ATime0 time(0) NULL,
  ATime3 time(3) NULL,
  ATime6 time(6) NULL,
  ATime7 time(7) NULL,
  ADatetime datetime NULL DEFAULT '2019-01-01 12:34:56.120',
  ASmallDatetime smalldatetime NULL DEFAULT '2019-01-01 12:34',
  ADatetime20 datetime2(0) NULL DEFAULT '2019-01-01 12:34:56',
  ADatetime23 datetime2(3) NULL,
  ADatetime26 datetime2(6) NULL DEFAULT '2019-01-01 12:34:56.123456',
  ADatetime27 datetime2(7) NULL,
  AnOffset datetimeoffset(7) NULL,
  AnOffset3 datetimeoffset(3) NULL,
  AVariant sql_variant NULL,
  AComputed AS (Id * 2),
  AVersion rowversion NOT NULL
);
CREATE TABLE dbo.Large (
  Id int NOT NULL CONSTRAINT PK_Large PRIMARY KEY,
  AText text NULL,
  AnNtext ntext NULL,
  AnImage image NULL,
  AVarcharMax varchar(max) NULL,
  AnNvarcharMax nvarchar(max) NULL,
  AVarbinaryMax varbinary(max) NULL,
  AnXml xml NULL,
  Counter int NOT NULL DEFAULT 0
);
CREATE TABLE dbo.TwoKeys (
  FirstKey varchar(10) NOT NULL,
  SecondKey decimal(9, 2) NOT NULL,
  Name nvarchar(50) NULL,
  CONSTRAINT PK_TwoKeys PRIMARY KEY (SecondKey, FirstKey)
);
CREATE TABLE dbo.NoKey (A int NOT NULL, B varchar(10) NULL);
CREATE TABLE dbo.UniqueOnly (A int NOT NULL, B varchar(10) NOT NULL);
CREATE UNIQUE INDEX UX_UniqueOnly ON dbo.UniqueOnly (B);
CREATE TABLE dbo.Customer (
  Id int NOT NULL CONSTRAINT PK_Customer PRIMARY KEY,
  Email varchar(20) NULL,
  Phone nvarchar(30) NULL,
  Note nvarchar(100) NULL,
  Secret varchar(20) NULL,
  Region char(2) NOT NULL
);
CREATE TABLE dbo.Member (Email varchar(100) NOT NULL CONSTRAINT PK_Member PRIMARY KEY, Points int NOT NULL);
CREATE TABLE dbo.Marker (Id int NOT NULL CONSTRAINT PK_Marker PRIMARY KEY);
GO
INSERT INTO dbo.Member VALUES ('first@example.org', 1), ('second@example.org', 2);
INSERT INTO dbo.AllTypes (Id, AVarbinary, ADate, ATime0, ATime3, ATime6, ATime7, ADatetime, ASmallDatetime, ADatetime20, ADatetime23,
  ADatetime26, ADatetime27, AnOffset, AnOffset3, ANumeric)
VALUES (1, 0x0C, '0001-01-01', '23:59:59', '23:59:59.123', '23:59:59.123456', '23:59:59.1234567', '1753-01-01 00:00:00.003',
  '2020-02-29 12:34', '9999-12-31 23:59:59', '2020-01-01 00:00:01.123', '9999-12-31 23:59:59.999999', '2262-04-11 23:47:16.8547758',
  '2020-01-01 00:00:01.1200000 +05:30', '2020-01-01 00:00:01.000 +00:00', 99999999999999999999999999999999999999);
INSERT INTO dbo.AllTypes (Id, ABitNull, AnInt, ADecimal, AMoney, ABig) VALUES (2, NULL, NULL, NULL, NULL, NULL);
INSERT INTO dbo.Large (Id, AText, AnNtext, AnImage, AVarcharMax, AnNvarcharMax, AVarbinaryMax, AnXml)
VALUES (1, 'text', N'ntext', 0x0B, 'vmax', N'nvmax', 0x0A, '<a/>'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO dbo.TwoKeys VALUES ('a', 1.5, N'first'), ('b', 1.5, NULL);
INSERT INTO dbo.NoKey VALUES (1, 'x'), (1, 'x');
INSERT INTO dbo.UniqueOnly VALUES (1, 'x');
INSERT INTO dbo.Customer VALUES (1, 'someone@example.org', N'+48 600 600 600', N'A long note about somebody', 'hidden', 'PL'), (2, NULL, NULL, NULL, NULL, 'GB');
GO
EXEC sys.sp_cdc_enable_db;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'AllTypes', @role_name = NULL, @supports_net_changes = 0;
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'Large', @role_name = NULL, @supports_net_changes = 0;
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'TwoKeys', @role_name = NULL, @supports_net_changes = 0;
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'NoKey', @role_name = NULL, @supports_net_changes = 0;
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'UniqueOnly', @role_name = NULL, @supports_net_changes = 0;
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'Customer', @role_name = NULL, @supports_net_changes = 0;
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'Member', @role_name = NULL, @supports_net_changes = 0;
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'Marker', @role_name = NULL, @supports_net_changes = 0;
GO
CREATE DATABASE Branch;
GO
ALTER DATABASE Branch SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
USE Branch;
GO
CREATE TABLE dbo.Till (Id bigint NOT NULL CONSTRAINT PK_Till PRIMARY KEY, Total money NOT NULL);
CREATE TABLE dbo.Marker (Id int NOT NULL CONSTRAINT PK_Marker PRIMARY KEY);
GO
INSERT INTO dbo.Till VALUES (9223372036854775807, 922337203685477.5807);
GO
EXEC sys.sp_cdc_enable_db;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'Till', @role_name = NULL, @supports_net_changes = 0;
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'Marker', @role_name = NULL, @supports_net_changes = 0;
GO
