-- What every write does first and last, inside its transaction. Minimum version: SQL Server 2005. Run as db_owner. Not granted to anybody:
-- the procedures of the use cases call them.

-- Finds out whether the command with this key was decided before. RETURNs 0 when it is new, 1 when the answer is in the output parameters.
-- A second caller with the same key waits here until the first has committed or rolled back; then it finds the row, or may work itself.
-- The lock's name is compared byte by byte and belongs to the transaction.
CREATE PROCEDURE storefront.BeginCommand
    @Caller         varchar(64),
    @IdempotencyKey varchar(100),
    @PayloadHash    binary(32),
    @CommandId      uniqueidentifier OUTPUT,
    @Result         nvarchar(4000)   OUTPUT,
    @Replayed       bit              OUTPUT,
    @Refusal        int              OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    DECLARE @Lock int, @LockName nvarchar(255), @StoredHash binary(32), @StoredId uniqueidentifier, @StoredRefusal int;
    SET @Replayed = 0;

    SET @LockName = N'storefront ' + @Caller + N' ' + @IdempotencyKey;
    EXEC @Lock = sp_getapplock @Resource = @LockName, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = 5000;
    IF @Lock < 0
    BEGIN
        SELECT @CommandId = NULL, @Refusal = 50425, @Result = N'{"problem":"command-running"}';
        RETURN 1;
    END;

    SELECT @StoredHash = PAYLOAD_HASH, @StoredId = COMMAND_ID, @Result = RESULT, @StoredRefusal = REFUSAL
    FROM storefront.COMMAND WHERE CALLER = @Caller AND IDEMPOTENCY_KEY = @IdempotencyKey;
    IF @StoredHash IS NULL RETURN 0;
    IF @StoredHash <> @PayloadHash
        SELECT @CommandId = NULL, @Refusal = 50423, @Result = N'{"problem":"idempotency-key-reused"}';
    ELSE
        SELECT @CommandId = @StoredId, @Refusal = @StoredRefusal, @Replayed = 1;
    RETURN 1;
END;
GO

-- Keeps the answer for replays, and who did what when something was done (a refusal changes nothing).
CREATE PROCEDURE storefront.EndCommand
    @CommandId      uniqueidentifier,
    @CommandName    varchar(40),
    @Caller         varchar(64),
    @IdempotencyKey varchar(100),
    @RequestId      varchar(64),
    @PayloadHash    binary(32),
    @TraceParent    varchar(55),
    @Result         nvarchar(4000),
    @Refusal        int,
    @OrderId        varchar(20),               -- NULL when the command is not about an order
    @SubjectId      varchar(20),
    @StatusBefore   varchar(10),
    @StatusAfter    varchar(10),
    @Reason         nvarchar(200)
AS
BEGIN
    SET NOCOUNT ON;
    INSERT INTO storefront.COMMAND (COMMAND_ID, CALLER, IDEMPOTENCY_KEY, COMMAND_NAME, PAYLOAD_HASH, ORDER_ID, REFUSAL, RESULT)
    VALUES (@CommandId, @Caller, @IdempotencyKey, @CommandName, @PayloadHash,
        CASE WHEN @Refusal IS NULL THEN @OrderId END, @Refusal, @Result);
    IF @Refusal IS NULL
        INSERT INTO storefront.COMMAND_AUDIT (COMMAND_ID, COMMAND_NAME, CALLER, REQUEST_ID, TRACE_PARENT, SUBJECT_ID,
            STATUS_BEFORE, STATUS_AFTER, REASON, LOGIN_NAME)
        VALUES (@CommandId, @CommandName, @Caller, @RequestId, @TraceParent, @SubjectId,
            @StatusBefore, @StatusAfter, @Reason, ORIGINAL_LOGIN());
END;
GO

-- Called in a CATCH block after the rollback: tells the caller the error's number and line. Its text is not passed on, for it may hold
-- values of rows. RAISERROR and not THROW, which came with SQL Server 2012.
CREATE PROCEDURE storefront.FailCommand
AS
BEGIN
    SET NOCOUNT ON;
    DECLARE @Number int, @Line int;
    SELECT @Number = ERROR_NUMBER(), @Line = ERROR_LINE();
    RAISERROR (N'{"error":%d,"line":%d}', 16, 1, @Number, @Line);
END;
GO
