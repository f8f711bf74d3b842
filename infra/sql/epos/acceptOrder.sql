-- storefront.AcceptOrder for the EPOS database: takes a web order, or answers why not. Minimum version: SQL Server 2012 (THROW, TRY_CONVERT).
-- Error numbers and their messages (one JSON object of numbers and fixed words): ../README.md.
-- Everything happens in one transaction: idempotency row, allocation of stock, order, audit. A refusal leaves nothing behind.

CREATE PROCEDURE storefront.AcceptOrder
    @IdempotencyKey varchar(100),
    @Caller         varchar(64),
    @RequestId      varchar(64),
    @PayloadHash    binary(32),
    @CustomerId     varchar(20),
    @Currency       char(3),
    @ExpectedTotal  decimal(19,4),
    @Lines          storefront.OrderLines READONLY,
    @CommandId      uniqueidentifier   -- the id this command gets if its key has not been used
AS
BEGIN
    -- Answers one row: CommandId (of the command that took effect), Result (JSON text), Replayed (1: an earlier one with this key had).
    SET NOCOUNT ON;
    SET XACT_ABORT ON;        -- also rolls back when the client gives up waiting (attention)
    SET LOCK_TIMEOUT 5000;    -- milliseconds
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;   -- a pooled session may come with another

    DECLARE @WarehouseBranch smallint = 1, @WebCurrency char(3) = 'GBP';
    DECLARE @Lock int, @LockName nvarchar(255), @StoredHash binary(32), @StoredId uniqueidentifier;
    DECLARE @Result nvarchar(4000), @Message nvarchar(400);
    DECLARE @CustNo int, @OrderNo int, @Now datetime2(3) = SYSUTCDATETIME();
    DECLARE @LineNo smallint, @Offered decimal(19,4), @Price money, @Total decimal(19,4), @Tax decimal(19,4);
    DECLARE @Product char(10), @Wanted int, @Free int;
    DECLARE @Order TABLE (
        LINE_NO smallint NOT NULL PRIMARY KEY, QTY int NOT NULL, OFFERED decimal(19,4) NOT NULL,
        PROD_CODE char(10) NULL, UNIT_PRICE money NULL, VAT_CODE char(1) NULL, RATE decimal(5,2) NULL);
    DECLARE @Need TABLE (PROD_CODE char(10) NOT NULL PRIMARY KEY, FIRST_LINE smallint NOT NULL, QTY int NOT NULL);

    BEGIN TRY
        BEGIN TRANSACTION;

        -- 1. The key. A second caller with the same key waits here until the first has committed or rolled back; then it finds the row, or
        --    may work itself. The lock's name is compared byte by byte and belongs to the transaction.
        SET @LockName = N'storefront ' + @Caller + N' ' + @IdempotencyKey;
        EXEC @Lock = sp_getapplock @Resource = @LockName, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = 5000;
        IF @Lock < 0 THROW 50425, N'{"problem":"command-running"}', 1;
        SELECT @StoredHash = PAYLOAD_HASH, @StoredId = COMMAND_ID, @Result = RESULT
        FROM storefront.COMMAND WHERE CALLER = @Caller AND IDEMPOTENCY_KEY = @IdempotencyKey;
        IF @StoredHash IS NOT NULL
        BEGIN
            IF @StoredHash <> @PayloadHash THROW 50423, N'{"problem":"idempotency-key-reused"}', 1;
            COMMIT TRANSACTION;
            SELECT @StoredId AS CommandId, @Result AS Result, CAST(1 AS bit) AS Replayed;
            RETURN 0;
        END;

        -- 2. What was asked must make sense by itself, whoever calls.
        IF NOT EXISTS (SELECT 1 FROM @Lines) OR EXISTS (SELECT 1 FROM @Lines WHERE QUANTITY NOT BETWEEN 1 AND 9999 OR UNIT_PRICE < 0)
            THROW 50400, N'{"problem":"invalid-lines"}', 1;
        IF @Currency <> @WebCurrency THROW 50422, N'{"problem":"currency-differs"}', 1;
        SET @CustNo = TRY_CONVERT(int, @CustomerId);
        IF NOT EXISTS (SELECT 1 FROM dbo.CUSTOMER WHERE CUST_NO = @CustNo)
            THROW 50404, N'{"problem":"unknown-customer"}', 1;

        -- 3. Our own prices: the promotion when there is one, else retail; both include VAT.
        INSERT INTO @Order (LINE_NO, QTY, OFFERED, PROD_CODE, UNIT_PRICE, VAT_CODE, RATE)
        SELECT l.LINE_NO, l.QUANTITY, l.UNIT_PRICE, p.PROD_CODE,
               CASE WHEN p.PRICE3 > 0 THEN p.PRICE3 ELSE p.PRICE1 END, p.VAT_CODE, v.RATE
        FROM @Lines AS l
        LEFT JOIN dbo.PRODUCT AS p ON p.PROD_CODE = l.SKU AND p.WEB_FLAG = 'Y' AND p.DISCONT <> 'Y'
        LEFT JOIN dbo.VAT_RATE AS v ON v.VAT_CODE = p.VAT_CODE;

        SELECT @LineNo = MIN(LINE_NO) FROM @Order WHERE PROD_CODE IS NULL;
        IF @LineNo IS NOT NULL
        BEGIN
            SET @Message = N'{"problem":"unknown-product","line":' + CONVERT(nvarchar(10), @LineNo) + N'}';
            THROW 50404, @Message, 1;
        END;

        SELECT @LineNo = MIN(LINE_NO) FROM @Order WHERE OFFERED <> UNIT_PRICE;
        IF @LineNo IS NOT NULL
        BEGIN
            SELECT @Offered = OFFERED, @Price = UNIT_PRICE FROM @Order WHERE LINE_NO = @LineNo;
            SET @Message = N'{"problem":"price-differs","line":' + CONVERT(nvarchar(10), @LineNo)
                + N',"expected":"' + CONVERT(nvarchar(30), CAST(@Price AS decimal(19,4)))
                + N'","found":"' + CONVERT(nvarchar(30), @Offered) + N'"}';
            THROW 50422, @Message, 1;
        END;

        SELECT @Total = SUM(CAST(QTY * UNIT_PRICE AS decimal(19,4))),
               @Tax = SUM(CAST(ROUND(QTY * UNIT_PRICE * RATE / (100 + RATE), 2) AS decimal(19,4)))
        FROM @Order;
        IF @Total <> @ExpectedTotal
        BEGIN
            SET @Message = N'{"problem":"total-differs","expected":"' + CONVERT(nvarchar(30), @Total)
                + N'","found":"' + CONVERT(nvarchar(30), @ExpectedTotal) + N'"}';
            THROW 50422, @Message, 1;
        END;

        -- 4. Stock, product by product in key order, so that two orders never wait for each other crosswise. The UPDATE checks and takes
        --    under one exclusive row lock that is held to the end: nothing can be sold twice.
        INSERT INTO @Need (PROD_CODE, FIRST_LINE, QTY)
        SELECT PROD_CODE, MIN(LINE_NO), SUM(QTY) FROM @Order GROUP BY PROD_CODE;

        SELECT @Product = MIN(PROD_CODE) FROM @Need;
        WHILE @Product IS NOT NULL
        BEGIN
            SELECT @Wanted = QTY, @LineNo = FIRST_LINE FROM @Need WHERE PROD_CODE = @Product;
            UPDATE dbo.STOCK WITH (ROWLOCK, UPDLOCK, HOLDLOCK)
            SET QTY_ALLOC = QTY_ALLOC + @Wanted, LAST_MOVED = GETDATE()
            WHERE PROD_CODE = @Product AND BRANCH_NO = @WarehouseBranch AND QTY_ON_HAND - QTY_ALLOC >= @Wanted;
            IF @@ROWCOUNT = 0
            BEGIN
                SET @Free = 0;
                SELECT @Free = QTY_ON_HAND - QTY_ALLOC FROM dbo.STOCK WHERE PROD_CODE = @Product AND BRANCH_NO = @WarehouseBranch;
                SET @Message = N'{"problem":"not-enough-stock","line":' + CONVERT(nvarchar(10), @LineNo)
                    + N',"requested":' + CONVERT(nvarchar(10), @Wanted)
                    + N',"available":' + CONVERT(nvarchar(10), CASE WHEN @Free > 0 THEN @Free ELSE 0 END) + N'}';
                THROW 50409, @Message, 1;
            END;
            SELECT @Product = MIN(PROD_CODE) FROM @Need WHERE PROD_CODE > @Product;
        END;

        -- 5. The order as the till would have written it.
        INSERT INTO dbo.ORD_HDR (CUST_NO, BRANCH_NO, ORD_DATE, STATUS, ORD_TOTAL, ORD_VAT, SOURCE)
        VALUES (@CustNo, @WarehouseBranch, GETDATE(), 'N', @Total, @Tax, 'WEB');
        SET @OrderNo = CONVERT(int, SCOPE_IDENTITY());

        INSERT INTO dbo.ORD_LINE (ORD_NO, LINE_NO, PROD_CODE, QTY, UNIT_PRICE, VAT_CODE, LINE_TOTAL)
        SELECT @OrderNo, LINE_NO, PROD_CODE, QTY, UNIT_PRICE, VAT_CODE, QTY * UNIT_PRICE FROM @Order;

        -- 6. The answer, kept for replays.
        SET @Result = N'{"commandId":"' + LOWER(CONVERT(nvarchar(36), @CommandId))
            + N'","orderId":"' + CONVERT(nvarchar(20), @OrderNo) + N'","status":"accepted","total":"' + CONVERT(nvarchar(30), @Total)
            + N'","tax":"' + CONVERT(nvarchar(30), @Tax) + N'","currency":"' + @WebCurrency
            + N'","lineCount":' + CONVERT(nvarchar(10), (SELECT COUNT(*) FROM @Order))
            + N',"acceptedAt":"' + REPLACE(CONVERT(nvarchar(23), @Now, 121), N' ', N'T') + N'Z"}';
        INSERT INTO storefront.COMMAND (COMMAND_ID, CALLER, IDEMPOTENCY_KEY, COMMAND_NAME, PAYLOAD_HASH, ORDER_ID, RESULT, CREATED_AT)
        VALUES (@CommandId, @Caller, @IdempotencyKey, 'AcceptOrder', @PayloadHash, CONVERT(varchar(20), @OrderNo), @Result, @Now);
        INSERT INTO storefront.COMMAND_AUDIT (COMMAND_ID, COMMAND_NAME, CALLER, REQUEST_ID, ORDER_ID, STATUS_BEFORE, STATUS_AFTER, LOGIN_NAME)
        VALUES (@CommandId, 'AcceptOrder', @Caller, @RequestId, CONVERT(varchar(20), @OrderNo), NULL, 'N', ORIGINAL_LOGIN());
        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;
        THROW;
    END CATCH;
    SELECT @CommandId AS CommandId, @Result AS Result, CAST(0 AS bit) AS Replayed;
    RETURN 0;
END;
GO
