-- The storefront schema: everything Sluice adds to the database, and the only place it adds anything.
-- Minimum version: SQL Server 2008; `sluice sql --server 2005` prints it for SQL Server 2005. Run once in the shop's database as a member of
-- db_owner. Owner dbo, the owner of the shop's own tables, so that the procedures reach them by ownership chaining and callers need no
-- table rights.

CREATE SCHEMA storefront AUTHORIZATION dbo;
GO

-- One row a command that was decided: the idempotency key, what was asked (as a hash) and what was answered, written in the same
-- transaction as the command's work. Captured by CDC: its change event tells at which position the work became visible.
CREATE TABLE storefront.COMMAND (
    COMMAND_ID      uniqueidentifier NOT NULL CONSTRAINT PK_COMMAND PRIMARY KEY,
    CALLER          varchar(64)      COLLATE Latin1_General_BIN NOT NULL,   -- id of the caller; keys of different callers never meet
    IDEMPOTENCY_KEY varchar(100)     COLLATE Latin1_General_BIN NOT NULL,   -- 'a' and 'A' are different keys whatever the database's collation
    COMMAND_NAME    varchar(40)      NOT NULL,
    PAYLOAD_HASH    binary(32)       NOT NULL,   -- SHA-256 of the command's name and checked input
    ORDER_ID        varchar(20)      NULL,
    REFUSAL         int              NULL,       -- number of the refusal; NULL: the command took effect
    RESULT          nvarchar(4000)   NOT NULL,   -- the answer, byte for byte
-- ON 2008
    CREATED_AT      datetime2(3)     NOT NULL CONSTRAINT DF_COMMAND_CREATED DEFAULT SYSUTCDATETIME(),
-- ON 2005
    CREATED_AT      datetime         NOT NULL CONSTRAINT DF_COMMAND_CREATED DEFAULT GETUTCDATE(),
-- ON BOTH
    CONSTRAINT UQ_COMMAND_KEY UNIQUE (CALLER, IDEMPOTENCY_KEY)
);
GO
CREATE INDEX IX_COMMAND_CREATED ON storefront.COMMAND (CREATED_AT);
GO

-- Who did what, in the transaction that did it. Ids only, no personal data. Refusals leave no row here: they changed nothing.
CREATE TABLE storefront.COMMAND_AUDIT (
    AUDIT_ID        bigint           NOT NULL IDENTITY(1,1) CONSTRAINT PK_COMMAND_AUDIT PRIMARY KEY,
    COMMAND_ID      uniqueidentifier NOT NULL,
    COMMAND_NAME    varchar(40)      NOT NULL,
    CALLER          varchar(64)      NOT NULL,
    REQUEST_ID      varchar(64)      NOT NULL,
    TRACE_PARENT    varchar(55)      NULL,       -- W3C trace context of the request
    SUBJECT_ID      varchar(20)      NOT NULL,   -- the order's, customer's or reservation's number
    STATUS_BEFORE   varchar(10)      NULL,
    STATUS_AFTER    varchar(10)      NOT NULL,
    REASON          nvarchar(200)    NULL,
    LOGIN_NAME      nvarchar(128)    NOT NULL,   -- the login that was really used, whatever EXECUTE AS said
    CREATED_AT      datetime         NOT NULL CONSTRAINT DF_COMMAND_AUDIT_CREATED DEFAULT GETUTCDATE()
);
GO
CREATE INDEX IX_COMMAND_AUDIT_SUBJECT ON storefront.COMMAND_AUDIT (SUBJECT_ID);
GO

-- Pieces held for a customer until EXPIRES_AT (UTC). Whether a line counts is told by its own EXPIRES_AT alone, so that nothing has to run
-- for a reservation to end. Rows of a product are only added by who holds the update lock of the product's stock row.
CREATE TABLE storefront.RESERVATION (
    RESERVATION_ID  int              NOT NULL IDENTITY(1,1) CONSTRAINT PK_RESERVATION PRIMARY KEY,
    CUSTOMER_ID     varchar(20)      NOT NULL,
    EXPIRES_AT      datetime         NOT NULL
);
GO
CREATE INDEX IX_RESERVATION_CUSTOMER ON storefront.RESERVATION (CUSTOMER_ID, EXPIRES_AT);
GO
CREATE INDEX IX_RESERVATION_EXPIRES ON storefront.RESERVATION (EXPIRES_AT);
GO
CREATE TABLE storefront.RESERVATION_LINE (
    RESERVATION_ID  int              NOT NULL CONSTRAINT FK_RESERVATION_LINE REFERENCES storefront.RESERVATION (RESERVATION_ID),
    SKU             varchar(20)      NOT NULL,
    QUANTITY        int              NOT NULL,
    EXPIRES_AT      datetime         NOT NULL,
    CONSTRAINT PK_RESERVATION_LINE PRIMARY KEY (RESERVATION_ID, SKU)
);
GO
CREATE INDEX IX_RESERVATION_LINE_SKU ON storefront.RESERVATION_LINE (SKU, EXPIRES_AT) INCLUDE (QUANTITY);
GO

-- Where an order goes when not to its customer's own address. Personal data: not captured, and no login but its owner's may read it.
CREATE TABLE storefront.DELIVERY_ADDRESS (
    ORDER_ID        varchar(20)      NOT NULL CONSTRAINT PK_DELIVERY_ADDRESS PRIMARY KEY,
    NAME            nvarchar(60)     NOT NULL,
    LINE1           nvarchar(40)     NOT NULL,
    LINE2           nvarchar(40)     NULL,
    TOWN            nvarchar(30)     NOT NULL,
    POSTCODE        nvarchar(8)      NOT NULL,
    CHANGED_AT      datetime         NOT NULL
);
GO

-- ON 2008
-- The lines of an order as one parameter. UNIT_PRICE is what the shopper was shown; the database computes its own and compares.
CREATE TYPE storefront.OrderLines AS TABLE (
    LINE_NO         smallint         NOT NULL PRIMARY KEY,
    SKU             varchar(20)      NOT NULL,
    QUANTITY        int              NOT NULL,
    UNIT_PRICE      decimal(19,4)    NOT NULL
);
GO
CREATE TYPE storefront.StockLines AS TABLE (
    LINE_NO         smallint         NOT NULL PRIMARY KEY,
    SKU             varchar(20)      NOT NULL,
    QUANTITY        int              NOT NULL
);
GO
CREATE TYPE storefront.Skus AS TABLE (
    SKU             varchar(20)      NOT NULL
);
GO
-- Several orders in one round trip, and the lines of all of them.
CREATE TYPE storefront.OrderBatch AS TABLE (
    SEQ             smallint         NOT NULL PRIMARY KEY,
    IDEMPOTENCY_KEY varchar(100)     NOT NULL,
    REQUEST_ID      varchar(64)      NOT NULL,
    PAYLOAD_HASH    binary(32)       NOT NULL,
    COMMAND_ID      uniqueidentifier NOT NULL,
    CUSTOMER_ID     varchar(20)      NOT NULL,
    CURRENCY        char(3)          NOT NULL,
    EXPECTED_TOTAL  decimal(19,4)    NOT NULL,
    RESERVATION_ID  varchar(20)      NULL,
    TRACE_PARENT    varchar(55)      NULL
);
GO
CREATE TYPE storefront.OrderBatchLines AS TABLE (
    SEQ             smallint         NOT NULL,
    LINE_NO         smallint         NOT NULL,
    SKU             varchar(20)      NOT NULL,
    QUANTITY        int              NOT NULL,
    UNIT_PRICE      decimal(19,4)    NOT NULL,
    PRIMARY KEY (SEQ, LINE_NO)
);
GO
-- ON BOTH
