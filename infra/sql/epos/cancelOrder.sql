-- The EPOS database's part of CancelOrder. Minimum version: SQL Server 2005. Runs inside the transaction of storefront.CancelOrder.

CREATE PROCEDURE storefront.DoCancelOrder
    @OrderId        varchar(20),
    @CustomerId     varchar(20),
    @CommandId      uniqueidentifier,
    @Result         nvarchar(4000) OUTPUT,
    @Refusal        int            OUTPUT,
    @SubjectId      varchar(20)    OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    DECLARE @OrderNo int, @CustNo int, @Branch smallint, @Status char(1), @Product char(10), @Given int;
    DECLARE @Back TABLE (PROD_CODE char(10) NOT NULL PRIMARY KEY, QTY int NOT NULL);
    SELECT @OrderNo = storefront.IntOf(@OrderId), @CustNo = storefront.IntOf(@CustomerId), @Refusal = NULL, @Result = NULL;
    SET @SubjectId = CONVERT(varchar(20), @OrderNo);

    -- 1. The header first, checked and changed in one statement: the picker may be reaching for it at this moment.
    UPDATE dbo.ORD_HDR WITH (ROWLOCK)
    SET STATUS = 'C'
    WHERE ORD_NO = @OrderNo AND CUST_NO = @CustNo AND SOURCE = 'WEB' AND STATUS = 'N';
    IF @@ROWCOUNT = 0
    BEGIN
        -- An order of somebody else is as unknown as one that is not there.
        SELECT @Status = STATUS FROM dbo.ORD_HDR WHERE ORD_NO = @OrderNo AND CUST_NO = @CustNo AND SOURCE = 'WEB';
        IF @Status IS NULL SELECT @Refusal = 50404, @Result = N'{"problem":"unknown-order"}';
        ELSE SELECT @Refusal = 50410, @Result = N'{"problem":"order-not-cancellable","orderStatus":"' + storefront.OrderStatus(@Status) + N'"}';
        RETURN;
    END;

    -- 2. Stock back, product by product in key order, as AcceptOrder took it.
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

    SET @Result = N'{"commandId":"' + LOWER(CONVERT(nvarchar(36), @CommandId)) + N'","orderId":"' + @SubjectId
        + N'","status":"cancelled","cancelledAt":"' + storefront.TimeText(GETUTCDATE()) + N'"}';
END;
GO
