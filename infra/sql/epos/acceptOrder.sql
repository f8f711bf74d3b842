-- The EPOS database's part of AcceptOrder. Minimum version: SQL Server 2008 (`sluice sql --server 2005` prints it for 2005).
-- Runs inside the transaction of storefront.AcceptOrder. Everything is checked before anything of the shop's is written, so a refusal has
-- nothing to take back.

CREATE PROCEDURE storefront.DoAcceptOrder
    @CustomerId     varchar(20),
    @Currency       char(3),
    @ExpectedTotal  decimal(19,4),
-- ON 2008
    @Lines          storefront.OrderLines READONLY,
-- ON 2005
    @Lines          xml,
-- ON BOTH
    @ReservationId  varchar(20),
    @CommandId      uniqueidentifier,
    @Result         nvarchar(4000) OUTPUT,
    @Refusal        int            OUTPUT,
    @SubjectId      varchar(20)    OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    DECLARE @WarehouseBranch smallint, @WebCurrency char(3);
    DECLARE @CustNo int, @OrderNo int, @Reservation int, @LineNo smallint, @LineCount int, @Now datetime;
    DECLARE @Offered decimal(19,4), @Price money, @Total decimal(19,4), @Tax decimal(19,4);
    DECLARE @Product char(10), @Wanted int, @Free int, @Held int;
    DECLARE @Order TABLE (
        LINE_NO smallint NOT NULL PRIMARY KEY, SKU varchar(20) NOT NULL, QTY int NOT NULL, OFFERED decimal(19,4) NOT NULL,
        PROD_CODE char(10) NULL, UNIT_PRICE money NULL, VAT_CODE char(1) NULL, RATE decimal(5,2) NULL);
    DECLARE @Need TABLE (PROD_CODE char(10) NOT NULL PRIMARY KEY, FIRST_LINE smallint NOT NULL, QTY int NOT NULL);
    SELECT @WarehouseBranch = 1, @WebCurrency = 'GBP', @Refusal = NULL, @Result = NULL, @SubjectId = NULL;

    -- 1. What was asked must make sense by itself, whoever calls.
    INSERT INTO @Order (LINE_NO, SKU, QTY, OFFERED)
-- ON 2008
    SELECT LINE_NO, SKU, QUANTITY, UNIT_PRICE FROM @Lines;
-- ON 2005
    SELECT r.x.value('@LINE_NO', 'smallint'), r.x.value('@SKU', 'varchar(20)'), r.x.value('@QUANTITY', 'int'),
        r.x.value('@UNIT_PRICE', 'decimal(19,4)')
    FROM @Lines.nodes('/rows/row') AS r(x);
-- ON BOTH
    SELECT @LineCount = COUNT(*) FROM @Order;
    IF @LineCount NOT BETWEEN 1 AND 200 OR EXISTS (SELECT 1 FROM @Order WHERE QTY NOT BETWEEN 1 AND 9999 OR OFFERED < 0)
    BEGIN
        SELECT @Refusal = 50400, @Result = N'{"problem":"invalid-lines"}';
        RETURN;
    END;
    IF @Currency <> @WebCurrency
    BEGIN
        SELECT @Refusal = 50422, @Result = N'{"problem":"currency-differs"}';
        RETURN;
    END;
    SET @CustNo = storefront.IntOf(@CustomerId);
    IF NOT EXISTS (SELECT 1 FROM dbo.CUSTOMER WHERE CUST_NO = @CustNo)
    BEGIN
        SELECT @Refusal = 50404, @Result = N'{"problem":"unknown-customer"}';
        RETURN;
    END;

    -- 2. Our own prices: the promotion when there is one, else retail; both include VAT.
    UPDATE o SET PROD_CODE = p.PROD_CODE, UNIT_PRICE = CASE WHEN p.PRICE3 > 0 THEN p.PRICE3 ELSE p.PRICE1 END,
        VAT_CODE = p.VAT_CODE, RATE = v.RATE
    FROM @Order AS o
    INNER JOIN dbo.PRODUCT AS p ON p.PROD_CODE = o.SKU AND p.WEB_FLAG = 'Y' AND p.DISCONT <> 'Y'
    INNER JOIN dbo.VAT_RATE AS v ON v.VAT_CODE = p.VAT_CODE;

    SELECT @LineNo = MIN(LINE_NO) FROM @Order WHERE PROD_CODE IS NULL;
    IF @LineNo IS NOT NULL
    BEGIN
        SELECT @Refusal = 50404, @Result = N'{"problem":"unknown-product","line":' + CONVERT(nvarchar(10), @LineNo) + N'}';
        RETURN;
    END;

    SELECT @LineNo = MIN(LINE_NO) FROM @Order WHERE OFFERED <> UNIT_PRICE;
    IF @LineNo IS NOT NULL
    BEGIN
        SELECT @Offered = OFFERED, @Price = UNIT_PRICE FROM @Order WHERE LINE_NO = @LineNo;
        SELECT @Refusal = 50422, @Result = N'{"problem":"price-differs","line":' + CONVERT(nvarchar(10), @LineNo)
            + N',"expected":"' + CONVERT(nvarchar(30), CAST(@Price AS decimal(19,4)))
            + N'","found":"' + CONVERT(nvarchar(30), @Offered) + N'"}';
        RETURN;
    END;

    SELECT @Total = SUM(CAST(QTY * UNIT_PRICE AS decimal(19,4))),
           @Tax = SUM(CAST(ROUND(QTY * UNIT_PRICE * RATE / (100 + RATE), 2) AS decimal(19,4)))
    FROM @Order;
    IF @Total <> @ExpectedTotal
    BEGIN
        SELECT @Refusal = 50422, @Result = N'{"problem":"total-differs","expected":"' + CONVERT(nvarchar(30), @Total)
            + N'","found":"' + CONVERT(nvarchar(30), @ExpectedTotal) + N'"}';
        RETURN;
    END;

    -- 3. This customer's reservation, if it still counts: its pieces are not held against its own order.
    SET @Reservation = 0;
    SELECT @Reservation = RESERVATION_ID FROM storefront.RESERVATION WITH (ROWLOCK, UPDLOCK)
    WHERE RESERVATION_ID = storefront.IntOf(@ReservationId) AND CUSTOMER_ID = CONVERT(varchar(20), @CustNo) AND EXPIRES_AT > GETUTCDATE();

    -- 4. Stock, product by product in key order, so that two orders never wait for each other crosswise. The update lock is held to the
    --    end: from here on nobody else can promise these pieces.
    INSERT INTO @Need (PROD_CODE, FIRST_LINE, QTY)
    SELECT PROD_CODE, MIN(LINE_NO), SUM(QTY) FROM @Order GROUP BY PROD_CODE;

    SELECT @Product = MIN(PROD_CODE) FROM @Need;
    WHILE @Product IS NOT NULL
    BEGIN
        SELECT @Wanted = QTY, @LineNo = FIRST_LINE FROM @Need WHERE PROD_CODE = @Product;
        SET @Free = 0;
        SELECT @Free = QTY_ON_HAND - QTY_ALLOC FROM dbo.STOCK WITH (ROWLOCK, UPDLOCK, HOLDLOCK)
        WHERE PROD_CODE = @Product AND BRANCH_NO = @WarehouseBranch;
        SELECT @Held = ISNULL(SUM(QUANTITY), 0) FROM storefront.RESERVATION_LINE
        WHERE SKU = @Product AND EXPIRES_AT > GETUTCDATE() AND RESERVATION_ID <> @Reservation;
        IF @Free - @Held < @Wanted
        BEGIN
            SELECT @Refusal = 50409, @Result = N'{"problem":"not-enough-stock","line":' + CONVERT(nvarchar(10), @LineNo)
                + N',"requested":' + CONVERT(nvarchar(10), @Wanted)
                + N',"available":' + CONVERT(nvarchar(10), CASE WHEN @Free > @Held THEN @Free - @Held ELSE 0 END) + N'}';
            RETURN;
        END;
        SELECT @Product = MIN(PROD_CODE) FROM @Need WHERE PROD_CODE > @Product;
    END;

    -- 5. The pieces, and the order as the till would have written it.
    UPDATE s SET QTY_ALLOC = s.QTY_ALLOC + n.QTY, LAST_MOVED = GETDATE()
    FROM dbo.STOCK AS s INNER JOIN @Need AS n ON n.PROD_CODE = s.PROD_CODE
    WHERE s.BRANCH_NO = @WarehouseBranch;
    DELETE FROM storefront.RESERVATION_LINE WHERE RESERVATION_ID = @Reservation;
    DELETE FROM storefront.RESERVATION WHERE RESERVATION_ID = @Reservation;

    INSERT INTO dbo.ORD_HDR (CUST_NO, BRANCH_NO, ORD_DATE, STATUS, ORD_TOTAL, ORD_VAT, SOURCE)
    VALUES (@CustNo, @WarehouseBranch, GETDATE(), 'N', @Total, @Tax, 'WEB');
    SET @OrderNo = CONVERT(int, SCOPE_IDENTITY());
    INSERT INTO dbo.ORD_LINE (ORD_NO, LINE_NO, PROD_CODE, QTY, UNIT_PRICE, VAT_CODE, LINE_TOTAL)
    SELECT @OrderNo, LINE_NO, PROD_CODE, QTY, UNIT_PRICE, VAT_CODE, QTY * UNIT_PRICE FROM @Order;

    -- 6. The answer.
    SELECT @SubjectId = CONVERT(varchar(20), @OrderNo), @Now = GETUTCDATE();
    SET @Result = N'{"commandId":"' + LOWER(CONVERT(nvarchar(36), @CommandId))
        + N'","orderId":"' + @SubjectId + N'","status":"accepted","total":"' + CONVERT(nvarchar(30), @Total)
        + N'","tax":"' + CONVERT(nvarchar(30), @Tax) + N'","currency":"' + @WebCurrency
        + N'","lineCount":' + CONVERT(nvarchar(10), @LineCount) + N',"acceptedAt":"' + storefront.TimeText(@Now) + N'"}';
END;
GO
