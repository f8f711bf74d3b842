-- The demo's legacy stock and till database. Plain T-SQL, SQL Server 2016 SP1 or later (the first Standard edition with CDC).
-- It is dated on purpose, the way such systems are: padded codes, flags as 'Y'/'N', names repeated in columns, three prices beside
-- a VAT code, free-text sizes, one-letter statuses, `money`, `datetime` in local time, `text`. Sluice must cope with it unchanged.

CREATE DATABASE EPOS;
GO
ALTER DATABASE EPOS SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
USE EPOS;
GO

CREATE TABLE dbo.VAT_RATE (
    VAT_CODE     char(1)       NOT NULL CONSTRAINT PK_VAT_RATE PRIMARY KEY,
    RATE         decimal(5,2)  NOT NULL,          -- per cent
    DESCR        varchar(20)   NOT NULL
);
GO

CREATE TABLE dbo.DEPT (
    DEPT_CODE    char(4)       NOT NULL CONSTRAINT PK_DEPT PRIMARY KEY,
    DEPT_NAME    varchar(40)   NOT NULL,
    MARKUP_PCT   decimal(5,2)  NOT NULL CONSTRAINT DF_DEPT_MARKUP DEFAULT 35.00,
    NOMINAL_CODE char(6)       NULL,              -- for the ledger; not used by the web
    WEB_FLAG     char(1)       NOT NULL CONSTRAINT DF_DEPT_WEB DEFAULT 'Y'
);
GO

CREATE TABLE dbo.SUPPLIER (
    SUPP_CODE    char(6)       NOT NULL CONSTRAINT PK_SUPPLIER PRIMARY KEY,
    SUPP_NAME    varchar(40)   NOT NULL,
    ADDR1        varchar(40)   NULL,
    TOWN         varchar(40)   NULL,
    POSTCODE     char(8)       NULL,
    PHONE        varchar(20)   NULL,
    LEAD_DAYS    smallint      NOT NULL CONSTRAINT DF_SUPPLIER_LEAD DEFAULT 7,
    ON_STOP      char(1)       NOT NULL CONSTRAINT DF_SUPPLIER_STOP DEFAULT 'N'
);
GO

CREATE TABLE dbo.BRANCH (
    BRANCH_NO    smallint      NOT NULL CONSTRAINT PK_BRANCH PRIMARY KEY,   -- 1 is the warehouse
    BRANCH_NAME  varchar(30)   NOT NULL,
    TOWN         varchar(30)   NOT NULL,
    WEB_FLAG     char(1)       NOT NULL CONSTRAINT DF_BRANCH_WEB DEFAULT 'Y'
);
GO

CREATE TABLE dbo.PRODUCT (
    PROD_CODE    char(10)      NOT NULL CONSTRAINT PK_PRODUCT PRIMARY KEY,
    PROD_DESC    varchar(60)   NOT NULL,
    LONG_DESC    text          NULL,
    DEPT_CODE    char(4)       NOT NULL CONSTRAINT FK_PRODUCT_DEPT REFERENCES dbo.DEPT (DEPT_CODE),
    DEPT_NAME    varchar(40)   NOT NULL,          -- repeated from DEPT when the product was keyed in; not kept up
    SUBDEPT_NAME varchar(40)   NOT NULL,
    SUPP_CODE    char(6)       NOT NULL CONSTRAINT FK_PRODUCT_SUPPLIER REFERENCES dbo.SUPPLIER (SUPP_CODE),
    BRAND        varchar(30)   NOT NULL CONSTRAINT DF_PRODUCT_BRAND DEFAULT '',
    COLOUR       varchar(20)   NULL,
    SIZE_TXT     varchar(20)   NULL,
    PRICE1       money         NOT NULL,          -- retail, VAT included
    PRICE2       money         NOT NULL,          -- trade, before VAT
    PRICE3       money         NULL,              -- promotion, VAT included; 0 or NULL means none
    VAT_CODE     char(1)       NOT NULL CONSTRAINT FK_PRODUCT_VAT REFERENCES dbo.VAT_RATE (VAT_CODE),
    WEB_FLAG     char(1)       NOT NULL CONSTRAINT DF_PRODUCT_WEB DEFAULT 'Y',
    DISCONT      char(1)       NOT NULL CONSTRAINT DF_PRODUCT_DISCONT DEFAULT 'N',
    BARCODE      varchar(14)   NULL,
    WEIGHT_KG    decimal(9,3)  NULL,
    DATE_CREATED datetime      NOT NULL CONSTRAINT DF_PRODUCT_CREATED DEFAULT GETDATE(),
    DATE_AMENDED datetime      NULL,
    ROW_VER      rowversion    NOT NULL
);
GO
CREATE INDEX IX_PRODUCT_DEPT ON dbo.PRODUCT (DEPT_CODE);
GO
CREATE INDEX IX_PRODUCT_BARCODE ON dbo.PRODUCT (BARCODE);
GO

CREATE TABLE dbo.STOCK (
    PROD_CODE    char(10)      NOT NULL CONSTRAINT FK_STOCK_PRODUCT REFERENCES dbo.PRODUCT (PROD_CODE),
    BRANCH_NO    smallint      NOT NULL CONSTRAINT FK_STOCK_BRANCH REFERENCES dbo.BRANCH (BRANCH_NO),
    QTY_ON_HAND  int           NOT NULL CONSTRAINT DF_STOCK_ON_HAND DEFAULT 0,
    QTY_ALLOC    int           NOT NULL CONSTRAINT DF_STOCK_ALLOC DEFAULT 0,
    REORDER_LVL  int           NOT NULL CONSTRAINT DF_STOCK_REORDER DEFAULT 0,
    BIN_LOC      char(8)       NULL,
    LAST_MOVED   datetime      NULL,
    CONSTRAINT PK_STOCK PRIMARY KEY (PROD_CODE, BRANCH_NO)
);
GO

CREATE TABLE dbo.CUSTOMER (
    CUST_NO      int           NOT NULL IDENTITY(1,1) CONSTRAINT PK_CUSTOMER PRIMARY KEY,
    CUST_NAME    varchar(60)   NOT NULL,
    EMAIL        varchar(80)   NULL,
    ADDR1        varchar(40)   NULL,
    ADDR2        varchar(40)   NULL,
    TOWN         varchar(40)   NULL,
    POSTCODE     char(8)       NULL,
    CREATED      datetime      NOT NULL CONSTRAINT DF_CUSTOMER_CREATED DEFAULT GETDATE()
);
GO
CREATE INDEX IX_CUSTOMER_EMAIL ON dbo.CUSTOMER (EMAIL);
GO

CREATE TABLE dbo.ORD_HDR (
    ORD_NO       int           NOT NULL IDENTITY(100001,1) CONSTRAINT PK_ORD_HDR PRIMARY KEY,
    CUST_NO      int           NOT NULL CONSTRAINT FK_ORD_HDR_CUSTOMER REFERENCES dbo.CUSTOMER (CUST_NO),
    BRANCH_NO    smallint      NOT NULL CONSTRAINT FK_ORD_HDR_BRANCH REFERENCES dbo.BRANCH (BRANCH_NO),
    ORD_DATE     datetime      NOT NULL CONSTRAINT DF_ORD_HDR_DATE DEFAULT GETDATE(),
    STATUS       char(1)       NOT NULL CONSTRAINT DF_ORD_HDR_STATUS DEFAULT 'N',   -- N new, P picking, S shipped, C cancelled
    ORD_TOTAL    money         NOT NULL CONSTRAINT DF_ORD_HDR_TOTAL DEFAULT 0,      -- VAT included
    ORD_VAT      money         NOT NULL CONSTRAINT DF_ORD_HDR_VAT DEFAULT 0,
    SOURCE       char(3)       NOT NULL CONSTRAINT DF_ORD_HDR_SOURCE DEFAULT 'TIL', -- WEB or TIL
    NOTES        text          NULL,
    ROW_VER      rowversion    NOT NULL
);
GO
CREATE INDEX IX_ORD_HDR_STATUS ON dbo.ORD_HDR (SOURCE, STATUS);
GO

CREATE TABLE dbo.ORD_LINE (
    ORD_NO       int           NOT NULL CONSTRAINT FK_ORD_LINE_HDR REFERENCES dbo.ORD_HDR (ORD_NO),
    LINE_NO      smallint      NOT NULL,
    PROD_CODE    char(10)      NOT NULL CONSTRAINT FK_ORD_LINE_PRODUCT REFERENCES dbo.PRODUCT (PROD_CODE),
    QTY          int           NOT NULL,
    UNIT_PRICE   money         NOT NULL,          -- VAT included
    VAT_CODE     char(1)       NOT NULL,
    LINE_TOTAL   money         NOT NULL,
    CONSTRAINT PK_ORD_LINE PRIMARY KEY (ORD_NO, LINE_NO)
);
GO

-- What the till and the stock clerk look at; Sluice does not need them.
CREATE VIEW dbo.V_FREE_STOCK AS
SELECT PROD_CODE, BRANCH_NO, QTY_ON_HAND - QTY_ALLOC AS QTY_FREE
FROM dbo.STOCK;
GO
CREATE VIEW dbo.V_OPEN_WEB_ORDER AS
SELECT h.ORD_NO, h.CUST_NO, c.CUST_NAME, h.ORD_DATE, h.STATUS, h.ORD_TOTAL
FROM dbo.ORD_HDR AS h
INNER JOIN dbo.CUSTOMER AS c ON c.CUST_NO = h.CUST_NO
WHERE h.SOURCE = 'WEB' AND h.STATUS IN ('N', 'P');
GO
