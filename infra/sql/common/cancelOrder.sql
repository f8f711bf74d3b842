-- storefront.CancelOrder: cancels a new web order of this customer and gives its stock back. Minimum version: SQL Server 2005.
-- The same for every shop: key, answer and audit row around storefront.DoCancelOrder, in one transaction. Numbers of refusals: ../README.md.

CREATE PROCEDURE storefront.CancelOrder
    @IdempotencyKey varchar(100),
    @Caller         varchar(64),
    @RequestId      varchar(64),
    @PayloadHash    binary(32),
    @OrderId        varchar(20),
    @CustomerId     varchar(20),
    @Reason         nvarchar(200),             -- may be NULL
    @CommandId      uniqueidentifier,          -- the id this command gets if its key has not been used
    @TraceParent    varchar(55) = NULL
AS
BEGIN
    -- Answers one row: CommandId (of the command that was decided), Result (JSON text), Replayed (1: an earlier one with this key was
    -- decided), Refusal (number; NULL when it took effect).
    SET NOCOUNT ON;
    SET XACT_ABORT ON;        -- also rolls back when the client gives up waiting (attention)
    SET LOCK_TIMEOUT 5000;    -- milliseconds
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;   -- a pooled session may come with another
    DECLARE @Known int, @Result nvarchar(4000), @Replayed bit, @Refusal int, @SubjectId varchar(20);

    BEGIN TRY
        BEGIN TRANSACTION;
        EXEC @Known = storefront.BeginCommand @Caller, @IdempotencyKey, @PayloadHash,
            @CommandId OUTPUT, @Result OUTPUT, @Replayed OUTPUT, @Refusal OUTPUT;
        IF @Known = 0
        BEGIN
            EXEC storefront.DoCancelOrder @OrderId, @CustomerId,
                @CommandId, @Result OUTPUT, @Refusal OUTPUT, @SubjectId OUTPUT;
            EXEC storefront.EndCommand @CommandId, 'CancelOrder', @Caller, @IdempotencyKey, @RequestId, @PayloadHash, @TraceParent,
                @Result, @Refusal, @SubjectId, @SubjectId, 'new', 'cancelled', @Reason;
        END;
        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;
        EXEC storefront.FailCommand;
        RETURN 1;
    END CATCH;
    SELECT @CommandId AS CommandId, @Result AS Result, @Replayed AS Replayed, @Refusal AS Refusal;
    RETURN 0;
END;
GO
