-- What the EPOS database tells and lets change of a web order. Minimum version: SQL Server 2005.

-- ORD_HDR.STATUS as the storefront says it.
CREATE FUNCTION storefront.OrderStatus (@Status char(1))
RETURNS nvarchar(10)
AS
BEGIN
    RETURN CASE @Status WHEN 'N' THEN N'new' WHEN 'P' THEN N'picking' WHEN 'S' THEN N'shipped' WHEN 'C' THEN N'cancelled' ELSE N'other' END;
END;
GO

-- Runs inside the transaction of storefront.ChangeDeliveryAddress.
CREATE PROCEDURE storefront.DoChangeDeliveryAddress
    @OrderId        varchar(20),
    @CustomerId     varchar(20),
    @Name           nvarchar(60),
    @Line1          nvarchar(40),
    @Line2          nvarchar(40),
    @Town           nvarchar(30),
    @Postcode       nvarchar(8),
    @CommandId      uniqueidentifier,
    @Result         nvarchar(4000) OUTPUT,
    @Refusal        int            OUTPUT,
    @SubjectId      varchar(20)    OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    DECLARE @OrderNo int, @Status char(1), @Now datetime;
    SELECT @OrderNo = storefront.IntOf(@OrderId), @Now = GETUTCDATE(), @Refusal = NULL, @Result = NULL;
    SET @SubjectId = CONVERT(varchar(20), @OrderNo);

    -- The header stays locked to the end, so that the picker does not take it with the old address meanwhile.
    SELECT @Status = STATUS FROM dbo.ORD_HDR WITH (ROWLOCK, UPDLOCK, HOLDLOCK)
    WHERE ORD_NO = @OrderNo AND CUST_NO = storefront.IntOf(@CustomerId) AND SOURCE = 'WEB';
    IF @Status IS NULL
    BEGIN
        SELECT @Refusal = 50404, @Result = N'{"problem":"unknown-order"}';
        RETURN;
    END;
    IF @Status <> 'N'
    BEGIN
        SELECT @Refusal = 50410, @Result = N'{"problem":"order-not-changeable","orderStatus":"' + storefront.OrderStatus(@Status) + N'"}';
        RETURN;
    END;

    UPDATE storefront.DELIVERY_ADDRESS
    SET NAME = @Name, LINE1 = @Line1, LINE2 = @Line2, TOWN = @Town, POSTCODE = @Postcode, CHANGED_AT = @Now
    WHERE ORDER_ID = @SubjectId;
    IF @@ROWCOUNT = 0
        INSERT INTO storefront.DELIVERY_ADDRESS (ORDER_ID, NAME, LINE1, LINE2, TOWN, POSTCODE, CHANGED_AT)
        VALUES (@SubjectId, @Name, @Line1, @Line2, @Town, @Postcode, @Now);

    SET @Result = N'{"commandId":"' + LOWER(CONVERT(nvarchar(36), @CommandId)) + N'","orderId":"' + @SubjectId
        + N'","status":"changed","changedAt":"' + storefront.TimeText(@Now) + N'"}';
END;
GO

-- storefront.GetOrder: one web order of this customer as it is now. Answers one row: Result (JSON text), Refusal.
CREATE PROCEDURE storefront.GetOrder
    @Caller         varchar(64),
    @RequestId      varchar(64),
    @OrderId        varchar(20),
    @CustomerId     varchar(20)
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET LOCK_TIMEOUT 2000;    -- milliseconds
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;   -- a pooled session may come with another
    DECLARE @OrderNo int, @CustNo int, @Status char(1), @Total money, @Tax money, @Result nvarchar(max), @Address nvarchar(max), @LineNo smallint;
    SELECT @OrderNo = storefront.IntOf(@OrderId), @CustNo = storefront.IntOf(@CustomerId);

    SELECT @Status = STATUS, @Total = ORD_TOTAL, @Tax = ORD_VAT FROM dbo.ORD_HDR
    WHERE ORD_NO = @OrderNo AND CUST_NO = @CustNo AND SOURCE = 'WEB';
    IF @Status IS NULL
    BEGIN
        SELECT CONVERT(nvarchar(max), N'{"problem":"unknown-order"}') AS Result, 50404 AS Refusal;
        RETURN 0;
    END;

    SELECT @Address = storefront.AddressJson(NAME, LINE1, LINE2, TOWN, POSTCODE) FROM storefront.DELIVERY_ADDRESS
    WHERE ORDER_ID = CONVERT(varchar(20), @OrderNo);
    SET @Result = N'{"orderId":"' + CONVERT(nvarchar(20), @OrderNo) + N'","customerId":"' + CONVERT(nvarchar(20), @CustNo)
        + N'","status":"' + storefront.OrderStatus(@Status) + N'","currency":"GBP","total":"' + CONVERT(nvarchar(30), CAST(@Total AS decimal(19,4)))
        + N'","tax":"' + CONVERT(nvarchar(30), CAST(@Tax AS decimal(19,4)))
        + N'","deliveryAddress":' + ISNULL(@Address, N'null') + N',"lines":[';

    SELECT @LineNo = MIN(LINE_NO) FROM dbo.ORD_LINE WHERE ORD_NO = @OrderNo;
    WHILE @LineNo IS NOT NULL
    BEGIN
        SELECT @Result = @Result + CASE WHEN RIGHT(@Result, 1) = N'[' THEN N'' ELSE N',' END
            + N'{"sku":' + storefront.JsonText(RTRIM(PROD_CODE)) + N',"quantity":' + CONVERT(nvarchar(10), QTY)
            + N',"unitPrice":"' + CONVERT(nvarchar(30), CAST(UNIT_PRICE AS decimal(19,4)))
            + N'","lineTotal":"' + CONVERT(nvarchar(30), CAST(LINE_TOTAL AS decimal(19,4))) + N'"}'
        FROM dbo.ORD_LINE WHERE ORD_NO = @OrderNo AND LINE_NO = @LineNo;
        SELECT @LineNo = MIN(LINE_NO) FROM dbo.ORD_LINE WHERE ORD_NO = @OrderNo AND LINE_NO > @LineNo;
    END;
    SELECT @Result + N'],"asOf":"' + storefront.TimeText(GETUTCDATE()) + N'"}' AS Result, CONVERT(int, NULL) AS Refusal;
    RETURN 0;
END;
GO
