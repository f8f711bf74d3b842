-- storefront.CancelOrder for the EPOS database: cancels a new web order of this customer and gives its allocated stock back.
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
    DECLARE @OrderNo int, @CustNo int, @Branch smallint, @Status char(1), @Product char(10), @Given int;
    DECLARE @Back TABLE (PROD_CODE char(10) NOT NULL PRIMARY KEY, QTY int NOT NULL);

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
        SET @OrderNo = TRY_CONVERT(int, @OrderId);
        SET @CustNo = TRY_CONVERT(int, @CustomerId);
        UPDATE dbo.ORD_HDR WITH (ROWLOCK)
        SET STATUS = 'C'
        WHERE ORD_NO = @OrderNo AND CUST_NO = @CustNo AND SOURCE = 'WEB' AND STATUS = 'N';
        IF @@ROWCOUNT = 0
        BEGIN
            -- An order of somebody else is as unknown as one that is not there.
            SELECT @Status = STATUS FROM dbo.ORD_HDR WHERE ORD_NO = @OrderNo AND CUST_NO = @CustNo AND SOURCE = 'WEB';
            IF @Status IS NULL THROW 50404, N'{"problem":"unknown-order"}', 1;
            SET @Message = N'{"problem":"order-not-cancellable","orderStatus":"' +
                CASE @Status WHEN 'P' THEN N'picking' WHEN 'S' THEN N'shipped' WHEN 'C' THEN N'cancelled' ELSE N'other' END + N'"}';
            THROW 50410, @Message, 1;
        END;

        -- 3. Stock back, product by product in key order, as AcceptOrder took it.
        SELECT @Branch = BRANCH_NO FROM dbo.ORD_HDR WHERE ORD_NO = @OrderNo;
        INSERT INTO @Back (PROD_CODE, QTY) SELECT PROD_CODE, SUM(QTY) FROM dbo.ORD_LINE WHERE ORD_NO = @OrderNo GROUP BY PROD_CODE;
        SELECT @Product = MIN(PROD_CODE) FROM @Back;
        WHILE @Product IS NOT NULL
        BEGIN
            SELECT @Given = QTY FROM @Back WHERE PROD_CODE = @Product;
            UPDATE dbo.STOCK WITH (ROWLOCK)
            SET QTY_ALLOC = QTY_ALLOC - @Given, LAST_MOVED = GETDATE()
            WHERE PROD_CODE = @Product AND BRANCH_NO = @Branch;
            SELECT @Product = MIN(PROD_CODE) FROM @Back WHERE PROD_CODE > @Product;
        END;

        -- 4. The answer, kept for replays.
        SET @Result = N'{"commandId":"' + LOWER(CONVERT(nvarchar(36), @CommandId))
            + N'","orderId":"' + CONVERT(nvarchar(20), @OrderNo)
            + N'","status":"cancelled","cancelledAt":"' + REPLACE(CONVERT(nvarchar(23), @Now, 121), N' ', N'T') + N'Z"}';
        INSERT INTO storefront.COMMAND (COMMAND_ID, CALLER, IDEMPOTENCY_KEY, COMMAND_NAME, PAYLOAD_HASH, ORDER_ID, RESULT, CREATED_AT)
        VALUES (@CommandId, @Caller, @IdempotencyKey, 'CancelOrder', @PayloadHash, CONVERT(varchar(20), @OrderNo), @Result, @Now);
        INSERT INTO storefront.COMMAND_AUDIT
            (COMMAND_ID, COMMAND_NAME, CALLER, REQUEST_ID, ORDER_ID, STATUS_BEFORE, STATUS_AFTER, REASON, LOGIN_NAME)
        VALUES (@CommandId, 'CancelOrder', @Caller, @RequestId, CONVERT(varchar(20), @OrderNo), 'N', 'C', @Reason, ORIGINAL_LOGIN());
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
