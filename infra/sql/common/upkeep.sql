-- Asking for an outcome, and clearing away. Minimum version: SQL Server 2005. Run as db_owner. The command API calls these; a DBA may
-- schedule the two that delete instead.

-- Tells what became of the command with this key: 'done' with its answer, 'running' while its transaction is open, or 'unknown' when it
-- never ran, was rolled back or has expired. Always one row. So an answer that got lost is never guessed.
CREATE PROCEDURE storefront.GetCommand
    @Caller         varchar(64),
    @IdempotencyKey varchar(100)
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET LOCK_TIMEOUT 5000;    -- milliseconds
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    DECLARE @Lock int, @LockName nvarchar(255);
    SET @LockName = N'storefront ' + @Caller + N' ' + @IdempotencyKey;

    BEGIN TRANSACTION;
    -- Shared: those who ask do not keep each other out, and a command that starts meanwhile only waits for this moment.
    EXEC @Lock = sp_getapplock @Resource = @LockName, @LockMode = 'Shared', @LockOwner = 'Transaction', @LockTimeout = 0;
    SELECT CONVERT(varchar(10), CASE WHEN @Lock < 0 THEN 'running' WHEN c.COMMAND_ID IS NULL THEN 'unknown' ELSE 'done' END) AS State,
        c.COMMAND_ID AS CommandId, c.COMMAND_NAME AS CommandName, c.PAYLOAD_HASH AS PayloadHash, c.RESULT AS Result, c.REFUSAL AS Refusal,
        CONVERT(datetime, c.CREATED_AT) AS CreatedAt
    FROM (SELECT 1 AS ONE_ROW) AS o
    LEFT JOIN storefront.COMMAND AS c ON c.CALLER = @Caller AND c.IDEMPOTENCY_KEY = @IdempotencyKey AND @Lock >= 0;
    COMMIT TRANSACTION;
END;
GO

-- Forgets keys older than @KeepDays (at least 1): from then on a repetition would be a new command. At most @MaxRows at once, so that the
-- locks stay few; rows in use are left for the next time. The audit rows stay.
CREATE PROCEDURE storefront.DeleteExpiredCommands
    @KeepDays       int,
    @MaxRows        int
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET LOCK_TIMEOUT 5000;    -- milliseconds
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    IF @KeepDays IS NULL OR @KeepDays < 1
    BEGIN
        RAISERROR (N'@KeepDays must be 1 or more: a shorter memory would let repetitions take effect twice.', 16, 1);
        RETURN 1;
    END;
    DELETE TOP (@MaxRows) FROM storefront.COMMAND WITH (ROWLOCK, READPAST)
    WHERE CREATED_AT < DATEADD(day, -@KeepDays, GETUTCDATE());
    SELECT @@ROWCOUNT AS Deleted;
    RETURN 0;
END;
GO

-- Clears reservations away that have not counted for an hour. At most @MaxRows at once; those in use are left for the next time.
CREATE PROCEDURE storefront.DeleteExpiredReservations
    @MaxRows        int
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET LOCK_TIMEOUT 5000;    -- milliseconds
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    DECLARE @Old TABLE (RESERVATION_ID int NOT NULL PRIMARY KEY);
    BEGIN TRANSACTION;
    -- Header before lines, as everybody else locks them.
    INSERT INTO @Old (RESERVATION_ID)
    SELECT TOP (@MaxRows) RESERVATION_ID FROM storefront.RESERVATION WITH (ROWLOCK, UPDLOCK, READPAST)
    WHERE EXPIRES_AT < DATEADD(hour, -1, GETUTCDATE());
    DELETE FROM storefront.RESERVATION_LINE WHERE RESERVATION_ID IN (SELECT RESERVATION_ID FROM @Old);
    DELETE FROM storefront.RESERVATION WHERE RESERVATION_ID IN (SELECT RESERVATION_ID FROM @Old);
    COMMIT TRANSACTION;
    SELECT COUNT(*) AS Deleted FROM @Old;
    RETURN 0;
END;
GO
