-- storefront.CancelOrder for the AdventureWorks database: cancels a new online order of this customer and gives its stock back.
-- Minimum version: SQL Server 2012 (THROW, TRY_CONVERT). Error numbers: ../README.md.

CREATE PROCEDURE storefront.CancelOrder
    @IdempotencyKey varchar(100),
    @Caller         varchar(64),
    @RequestId      varchar(64),
    @PayloadHash    binary(32),
    @OrderId        varchar(20),
    @CustomerId     varchar(20),
    @Reason         nvarchar(200),             -- may be NULL
    @CommandId      uniqueidentifier   -- the id this command gets if its key has not been used
AS
BEGIN
    -- Answers one row: CommandId (of the command that took effect), Result (JSON text), Replayed (1: an earlier one with this key had).
    SET NOCOUNT ON;
    SET XACT_ABORT ON;        -- also rolls back when the client gives up waiting (attention)
    SET LOCK_TIMEOUT 5000;    -- milliseconds
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;   -- a pooled session may come with another

    DECLARE @Lock int, @LockName nvarchar(255), @StoredHash binary(32), @StoredId uniqueidentifier;
    DECLARE @Result nvarchar(4000), @Message nvarchar(400), @Now datetime2(3) = SYSUTCDATETIME();
    DECLARE @Order int, @Customer int, @Status tinyint, @Product int, @Location smallint, @Given int;
    DECLARE @Back TABLE (ProductID int NOT NULL, LocationID smallint NOT NULL, QTY int NOT NULL, PRIMARY KEY (ProductID, LocationID));

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

        -- 2. The header first, checked and changed in one statement: the picker may be reaching for it at this moment.
        SET @Order = TRY_CONVERT(int, @OrderId);
        SET @Customer = TRY_CONVERT(int, @CustomerId);
        UPDATE Sales.SalesOrderHeader WITH (ROWLOCK)
        SET Status = 6, ModifiedDate = GETDATE()
        WHERE SalesOrderID = @Order AND CustomerID = @Customer AND OnlineOrderFlag = 1 AND Status = 1;
        IF @@ROWCOUNT = 0
        BEGIN
            -- An order of somebody else is as unknown as one that is not there.
            SELECT @Status = Status FROM Sales.SalesOrderHeader WHERE SalesOrderID = @Order AND CustomerID = @Customer AND OnlineOrderFlag = 1;
            IF @Status IS NULL THROW 50404, N'{"problem":"unknown-order"}', 1;
            SET @Message = N'{"problem":"order-not-cancellable","orderStatus":"' +
                CASE @Status WHEN 2 THEN N'picking' WHEN 5 THEN N'shipped' WHEN 6 THEN N'cancelled' ELSE N'other' END + N'"}';
            THROW 50410, @Message, 1;
        END;

        -- 3. Stock back where it came from, in key order, as AcceptOrder took it.
        INSERT INTO @Back (ProductID, LocationID, QTY)
        SELECT ProductID, LocationID, SUM(OrderQty) FROM Sales.SalesOrderDetail
        WHERE SalesOrderID = @Order AND LocationID IS NOT NULL GROUP BY ProductID, LocationID;
        SELECT @Product = MIN(ProductID) FROM @Back;
        WHILE @Product IS NOT NULL
        BEGIN
            SELECT @Location = MIN(LocationID) FROM @Back WHERE ProductID = @Product;
            WHILE @Location IS NOT NULL
            BEGIN
                SELECT @Given = QTY FROM @Back WHERE ProductID = @Product AND LocationID = @Location;
                UPDATE Production.ProductInventory WITH (ROWLOCK)
                SET Quantity = Quantity + @Given, ModifiedDate = GETDATE()
                WHERE ProductID = @Product AND LocationID = @Location;
                SELECT @Location = MIN(LocationID) FROM @Back WHERE ProductID = @Product AND LocationID > @Location;
            END;
            SELECT @Product = MIN(ProductID) FROM @Back WHERE ProductID > @Product;
        END;

        -- 4. The answer, kept for replays.
        SET @Result = N'{"commandId":"' + LOWER(CONVERT(nvarchar(36), @CommandId))
            + N'","orderId":"' + CONVERT(nvarchar(20), @Order)
            + N'","status":"cancelled","cancelledAt":"' + REPLACE(CONVERT(nvarchar(23), @Now, 121), N' ', N'T') + N'Z"}';
        INSERT INTO storefront.COMMAND (COMMAND_ID, CALLER, IDEMPOTENCY_KEY, COMMAND_NAME, PAYLOAD_HASH, ORDER_ID, RESULT, CREATED_AT)
        VALUES (@CommandId, @Caller, @IdempotencyKey, 'CancelOrder', @PayloadHash, CONVERT(varchar(20), @Order), @Result, @Now);
        INSERT INTO storefront.COMMAND_AUDIT
            (COMMAND_ID, COMMAND_NAME, CALLER, REQUEST_ID, ORDER_ID, STATUS_BEFORE, STATUS_AFTER, REASON, LOGIN_NAME)
        VALUES (@CommandId, 'CancelOrder', @Caller, @RequestId, CONVERT(varchar(20), @Order), '1', '6', @Reason, ORIGINAL_LOGIN());
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
