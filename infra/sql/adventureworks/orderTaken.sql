-- From which locations an online order's goods were taken, so that a cancellation gives back exactly that: AdventureWorks has no column for
-- it. Minimum version: SQL Server 2008. Run as db_owner, after common/storefront.sql. Not captured.

CREATE TABLE storefront.ORDER_TAKEN (
    ORDER_ID        int              NOT NULL,
    PRODUCT_ID      int              NOT NULL,
    LOCATION_ID     smallint         NOT NULL,
    QUANTITY        int              NOT NULL,
    CONSTRAINT PK_ORDER_TAKEN PRIMARY KEY (ORDER_ID, PRODUCT_ID, LOCATION_ID)
);
GO
