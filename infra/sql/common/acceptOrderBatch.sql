-- ON 2008
-- storefront.AcceptOrderBatch: several orders in one round trip, each with its own key, transaction and answer. Minimum version: SQL Server
-- 2008; earlier ones have no table-valued parameters, and the command API calls AcceptOrder for each there.

CREATE PROCEDURE storefront.AcceptOrderBatch
    @Caller         varchar(64),
    @Commands       storefront.OrderBatch READONLY,
    @Lines          storefront.OrderBatchLines READONLY
AS
BEGIN
    -- Answers, for each order in the order of SEQ: one row Seq, then AcceptOrder's row; or, when it failed, one row Seq, ErrorNumber,
    -- ErrorMessage (what FailCommand raised). One that fails keeps none of the others from running.
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    DECLARE @Seq smallint, @Key varchar(100), @RequestId varchar(64), @Hash binary(32), @CommandId uniqueidentifier, @CustomerId varchar(20);
    DECLARE @Currency char(3), @Total decimal(19,4), @ReservationId varchar(20), @TraceParent varchar(55);
    DECLARE @Own storefront.OrderLines;

    SELECT @Seq = MIN(SEQ) FROM @Commands;
    WHILE @Seq IS NOT NULL
    BEGIN
        SELECT @Key = IDEMPOTENCY_KEY, @RequestId = REQUEST_ID, @Hash = PAYLOAD_HASH, @CommandId = COMMAND_ID, @CustomerId = CUSTOMER_ID,
            @Currency = CURRENCY, @Total = EXPECTED_TOTAL, @ReservationId = RESERVATION_ID, @TraceParent = TRACE_PARENT
        FROM @Commands WHERE SEQ = @Seq;
        DELETE FROM @Own;
        INSERT INTO @Own (LINE_NO, SKU, QUANTITY, UNIT_PRICE)
        SELECT LINE_NO, SKU, QUANTITY, UNIT_PRICE FROM @Lines WHERE SEQ = @Seq;

        SELECT @Seq AS Seq;
        BEGIN TRY
            EXEC storefront.AcceptOrder @Key, @Caller, @RequestId, @Hash, @CustomerId, @Currency, @Total, @Own, @ReservationId,
                @CommandId, @TraceParent;
        END TRY
        BEGIN CATCH
            IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;
            SELECT @Seq AS Seq, ERROR_NUMBER() AS ErrorNumber,
                CASE WHEN ERROR_NUMBER() = 50000 THEN ERROR_MESSAGE() END AS ErrorMessage;
        END CATCH;
        SELECT @Seq = MIN(SEQ) FROM @Commands WHERE SEQ > @Seq;
    END;
    RETURN 0;
END;
GO
-- ON BOTH
