-- storefront.AcceptOrder for the AdventureWorks database: takes an online order, or answers why not. Minimum version: SQL Server 2012 (THROW, TRY_CONVERT).
-- Error numbers and their messages (one JSON object of numbers and fixed words): ../README.md.
-- Everything happens in one transaction: idempotency row, taking of stock, order, audit. A refusal leaves nothing behind.

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

    DECLARE @WebCurrency char(3) = 'USD';
    DECLARE @Lock int, @LockName nvarchar(255), @StoredHash binary(32), @StoredId uniqueidentifier;
    DECLARE @Result nvarchar(4000), @Message nvarchar(400);
    DECLARE @Customer int, @Order int, @Now datetime2(3) = SYSUTCDATETIME();
    DECLARE @LineNo smallint, @Offered decimal(19,4), @Price money, @Total decimal(19,4);
    DECLARE @Product int, @Wanted int, @Left int, @Location smallint, @Have int, @Take int;
    DECLARE @Line TABLE (
        LINE_NO smallint NOT NULL PRIMARY KEY, QTY int NOT NULL, OFFERED decimal(19,4) NOT NULL, ProductID int NULL, UnitPrice money NULL);
    DECLARE @Need TABLE (ProductID int NOT NULL PRIMARY KEY, FIRST_LINE smallint NOT NULL, QTY int NOT NULL, UnitPrice money NOT NULL);
    DECLARE @Taken TABLE (ProductID int NOT NULL, LocationID smallint NOT NULL, QTY int NOT NULL, PRIMARY KEY (ProductID, LocationID));

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
        SET @Customer = TRY_CONVERT(int, @CustomerId);
        IF NOT EXISTS (SELECT 1 FROM Sales.Customer WHERE CustomerID = @Customer)
            THROW 50404, N'{"problem":"unknown-customer"}', 1;

        -- 3. Our own prices. SKU is ProductID as text; list prices hold no tax.
        INSERT INTO @Line (LINE_NO, QTY, OFFERED, ProductID, UnitPrice)
        SELECT l.LINE_NO, l.QUANTITY, l.UNIT_PRICE, p.ProductID, p.ListPrice
        FROM @Lines AS l
        LEFT JOIN Production.Product AS p ON p.ProductID = TRY_CONVERT(int, l.SKU)
            AND p.FinishedGoodsFlag = 1 AND p.ListPrice > 0 AND p.SellEndDate IS NULL AND p.DiscontinuedDate IS NULL;

        SELECT @LineNo = MIN(LINE_NO) FROM @Line WHERE ProductID IS NULL;
        IF @LineNo IS NOT NULL
        BEGIN
            SET @Message = N'{"problem":"unknown-product","line":' + CONVERT(nvarchar(10), @LineNo) + N'}';
            THROW 50404, @Message, 1;
        END;

        SELECT @LineNo = MIN(LINE_NO) FROM @Line WHERE OFFERED <> UnitPrice;
        IF @LineNo IS NOT NULL
        BEGIN
            SELECT @Offered = OFFERED, @Price = UnitPrice FROM @Line WHERE LINE_NO = @LineNo;
            SET @Message = N'{"problem":"price-differs","line":' + CONVERT(nvarchar(10), @LineNo)
                + N',"expected":"' + CONVERT(nvarchar(30), CAST(@Price AS decimal(19,4)))
                + N'","found":"' + CONVERT(nvarchar(30), @Offered) + N'"}';
            THROW 50422, @Message, 1;
        END;

        SELECT @Total = SUM(CAST(QTY * UnitPrice AS decimal(19,4))) FROM @Line;
        IF @Total <> @ExpectedTotal
        BEGIN
            SET @Message = N'{"problem":"total-differs","expected":"' + CONVERT(nvarchar(30), @Total)
                + N'","found":"' + CONVERT(nvarchar(30), @ExpectedTotal) + N'"}';
            THROW 50422, @Message, 1;
        END;

        -- 4. Stock, product by product and location by location in key order, so that two orders never wait for each other crosswise.
        --    Each row is read under an update lock and taken from as far as it reaches.
        INSERT INTO @Need (ProductID, FIRST_LINE, QTY, UnitPrice)
        SELECT ProductID, MIN(LINE_NO), SUM(QTY), MIN(UnitPrice) FROM @Line GROUP BY ProductID;

        SELECT @Product = MIN(ProductID) FROM @Need;
        WHILE @Product IS NOT NULL
        BEGIN
            SELECT @Wanted = QTY, @Left = QTY, @LineNo = FIRST_LINE FROM @Need WHERE ProductID = @Product;
            SELECT @Location = MIN(LocationID) FROM Production.ProductInventory WHERE ProductID = @Product;
            WHILE @Left > 0 AND @Location IS NOT NULL
            BEGIN
                SET @Have = 0;
                SELECT @Have = Quantity FROM Production.ProductInventory WITH (ROWLOCK, UPDLOCK, HOLDLOCK)
                WHERE ProductID = @Product AND LocationID = @Location;
                SET @Take = CASE WHEN @Have < @Left THEN @Have ELSE @Left END;
                IF @Take > 0
                BEGIN
                    UPDATE Production.ProductInventory SET Quantity = Quantity - @Take, ModifiedDate = GETDATE()
                    WHERE ProductID = @Product AND LocationID = @Location AND Quantity >= @Take;
                    IF @@ROWCOUNT = 0 CONTINUE;   -- not possible under the lock; reads the row again rather than trusting that
                    INSERT INTO @Taken (ProductID, LocationID, QTY) VALUES (@Product, @Location, @Take);
                    SET @Left = @Left - @Take;
                END;
                SELECT @Location = MIN(LocationID) FROM Production.ProductInventory WHERE ProductID = @Product AND LocationID > @Location;
            END;
            IF @Left > 0
            BEGIN
                SET @Message = N'{"problem":"not-enough-stock","line":' + CONVERT(nvarchar(10), @LineNo)
                    + N',"requested":' + CONVERT(nvarchar(10), @Wanted)
                    + N',"available":' + CONVERT(nvarchar(10), @Wanted - @Left) + N'}';
                THROW 50409, @Message, 1;
            END;
            SELECT @Product = MIN(ProductID) FROM @Need WHERE ProductID > @Product;
        END;

        -- 5. The order; a line for each place the goods were taken from.
        INSERT INTO Sales.SalesOrderHeader (OrderDate, Status, OnlineOrderFlag, CustomerID, SubTotal, TaxAmt, TotalDue)
        VALUES (GETDATE(), 1, 1, @Customer, @Total, 0, @Total);
        SET @Order = CONVERT(int, SCOPE_IDENTITY());

        INSERT INTO Sales.SalesOrderDetail (SalesOrderID, OrderQty, ProductID, UnitPrice, LineTotal, LocationID)
        SELECT @Order, t.QTY, t.ProductID, n.UnitPrice, t.QTY * n.UnitPrice, t.LocationID
        FROM @Taken AS t INNER JOIN @Need AS n ON n.ProductID = t.ProductID
        ORDER BY t.ProductID, t.LocationID;

        -- 6. The answer, kept for replays.
        SET @Result = N'{"commandId":"' + LOWER(CONVERT(nvarchar(36), @CommandId))
            + N'","orderId":"' + CONVERT(nvarchar(20), @Order) + N'","status":"accepted","total":"' + CONVERT(nvarchar(30), @Total)
            + N'","tax":"0.0000","currency":"' + @WebCurrency
            + N'","lineCount":' + CONVERT(nvarchar(10), (SELECT COUNT(*) FROM @Line))
            + N',"acceptedAt":"' + REPLACE(CONVERT(nvarchar(23), @Now, 121), N' ', N'T') + N'Z"}';
        INSERT INTO storefront.COMMAND (COMMAND_ID, CALLER, IDEMPOTENCY_KEY, COMMAND_NAME, PAYLOAD_HASH, ORDER_ID, RESULT, CREATED_AT)
        VALUES (@CommandId, @Caller, @IdempotencyKey, 'AcceptOrder', @PayloadHash, CONVERT(varchar(20), @Order), @Result, @Now);
        INSERT INTO storefront.COMMAND_AUDIT (COMMAND_ID, COMMAND_NAME, CALLER, REQUEST_ID, ORDER_ID, STATUS_BEFORE, STATUS_AFTER, LOGIN_NAME)
        VALUES (@CommandId, 'AcceptOrder', @Caller, @RequestId, CONVERT(varchar(20), @Order), NULL, '1', ORIGINAL_LOGIN());
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
