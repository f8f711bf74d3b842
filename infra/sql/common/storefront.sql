-- The storefront schema: everything Sluice adds to the database, and the only place it adds anything.
-- Minimum version: SQL Server 2008 (table types, datetime2). Run once in the shop's database as a member of db_owner.
-- Owner dbo, the owner of the shop's own tables, so that the procedures reach them by ownership chaining and callers need no table rights.

CREATE SCHEMA storefront AUTHORIZATION dbo;
GO

-- One row a command that took effect: the idempotency key, what was asked (as a hash) and what was answered, written in the same
-- transaction as the command's work. Captured by CDC: its change event tells at which position the work became visible.
CREATE TABLE storefront.COMMAND (
    COMMAND_ID      uniqueidentifier NOT NULL CONSTRAINT PK_COMMAND PRIMARY KEY,
    CALLER          varchar(64)      NOT NULL,   -- id of the API key; keys of different callers never meet
    IDEMPOTENCY_KEY varchar(100)     COLLATE Latin1_General_BIN NOT NULL,   -- 'a' and 'A' are different keys whatever the database's collation
    COMMAND_NAME    varchar(40)      NOT NULL,
    PAYLOAD_HASH    binary(32)       NOT NULL,   -- SHA-256 of the command's name and checked input
    ORDER_ID        varchar(20)      NULL,
    RESULT          nvarchar(4000)   NOT NULL,   -- the answer, byte for byte
    CREATED_AT      datetime2(3)     NOT NULL CONSTRAINT DF_COMMAND_CREATED DEFAULT SYSUTCDATETIME(),
    CONSTRAINT UQ_COMMAND_KEY UNIQUE (CALLER, IDEMPOTENCY_KEY)
);
GO
CREATE INDEX IX_COMMAND_CREATED ON storefront.COMMAND (CREATED_AT);
GO

-- Who did what, in the transaction that did it. Ids only, no personal data. Refusals leave no row here: their transaction rolled back;
-- the command API logs them.
CREATE TABLE storefront.COMMAND_AUDIT (
    AUDIT_ID        bigint           NOT NULL IDENTITY(1,1) CONSTRAINT PK_COMMAND_AUDIT PRIMARY KEY,
    COMMAND_ID      uniqueidentifier NOT NULL,
    COMMAND_NAME    varchar(40)      NOT NULL,
    CALLER          varchar(64)      NOT NULL,
    REQUEST_ID      varchar(64)      NOT NULL,
    ORDER_ID        varchar(20)      NOT NULL,
    STATUS_BEFORE   varchar(10)      NULL,
    STATUS_AFTER    varchar(10)      NOT NULL,
    REASON          nvarchar(200)    NULL,
    LOGIN_NAME      nvarchar(128)    NOT NULL,   -- the login that was really used, whatever EXECUTE AS said
    CREATED_AT      datetime2(3)     NOT NULL CONSTRAINT DF_COMMAND_AUDIT_CREATED DEFAULT SYSUTCDATETIME()
);
GO
CREATE INDEX IX_COMMAND_AUDIT_ORDER ON storefront.COMMAND_AUDIT (ORDER_ID);
GO

-- The lines of an order as one parameter. UNIT_PRICE is what the shopper was shown; the database computes its own and compares.
CREATE TYPE storefront.OrderLines AS TABLE (
    LINE_NO         smallint         NOT NULL PRIMARY KEY,
    SKU             varchar(20)      NOT NULL,
    QUANTITY        int              NOT NULL,
    UNIT_PRICE      decimal(19,4)    NOT NULL
);
GO
