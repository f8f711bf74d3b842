-- The part of ReleaseStock that is the same for every shop. Minimum version: SQL Server 2005. Runs inside the transaction of
-- storefront.ReleaseStock. Giving back needs no stock row: it only leaves more for others.

CREATE PROCEDURE storefront.DoReleaseStock
    @ReservationId  varchar(20),
    @CustomerId     varchar(20),
    @CommandId      uniqueidentifier,
    @Result         nvarchar(4000) OUTPUT,
    @Refusal        int            OUTPUT,
    @SubjectId      varchar(20)    OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    DECLARE @Reservation int;
    SELECT @Refusal = NULL, @Result = NULL;
    SELECT @Reservation = RESERVATION_ID FROM storefront.RESERVATION WITH (ROWLOCK, UPDLOCK)
    WHERE RESERVATION_ID = storefront.IntOf(@ReservationId) AND CUSTOMER_ID = CONVERT(varchar(20), storefront.IntOf(@CustomerId));
    IF @Reservation IS NULL
    BEGIN
        SELECT @Refusal = 50404, @Result = N'{"problem":"unknown-reservation"}';
        RETURN;
    END;
    DELETE FROM storefront.RESERVATION_LINE WHERE RESERVATION_ID = @Reservation;
    DELETE FROM storefront.RESERVATION WHERE RESERVATION_ID = @Reservation;

    SET @SubjectId = CONVERT(varchar(20), @Reservation);
    SET @Result = N'{"commandId":"' + LOWER(CONVERT(nvarchar(36), @CommandId)) + N'","reservationId":"' + @SubjectId
        + N'","status":"released","releasedAt":"' + storefront.TimeText(GETUTCDATE()) + N'"}';
END;
GO
