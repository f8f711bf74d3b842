-- Reservations and live stock over the EPOS database. Minimum version: SQL Server 2008 (`sluice sql --server 2005` prints it for 2005).
-- A reservation is not written into dbo.STOCK: it holds pieces against other web orders, and the till, which sells what lies on its own
-- counter, does not see it.

-- Runs inside the transaction of storefront.ReserveStock.
CREATE PROCEDURE storefront.DoReserveStock
    @CustomerId     varchar(20),
-- ON 2008
    @Lines          storefront.StockLines READONLY,
-- ON 2005
    @Lines          xml,
-- ON BOTH
    @Minutes        int,
    @CommandId      uniqueidentifier,
    @Result         nvarchar(4000) OUTPUT,
    @Refusal        int            OUTPUT,
    @SubjectId      varchar(20)    OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    DECLARE @WarehouseBranch smallint, @CustNo int, @LineNo smallint, @LineCount int, @ExpiresAt datetime, @Reservation int;
    DECLARE @Product char(10), @Wanted int, @Free int, @Held int;
    DECLARE @Asked TABLE (LINE_NO smallint NOT NULL PRIMARY KEY, SKU varchar(20) NOT NULL, QTY int NOT NULL, PROD_CODE char(10) NULL);
    DECLARE @Need TABLE (PROD_CODE char(10) NOT NULL PRIMARY KEY, FIRST_LINE smallint NOT NULL, QTY int NOT NULL);
    SELECT @WarehouseBranch = 1, @Refusal = NULL, @Result = NULL, @SubjectId = NULL;

    INSERT INTO @Asked (LINE_NO, SKU, QTY)
-- ON 2008
    SELECT LINE_NO, SKU, QUANTITY FROM @Lines;
-- ON 2005
    SELECT r.x.value('@LINE_NO', 'smallint'), r.x.value('@SKU', 'varchar(20)'), r.x.value('@QUANTITY', 'int')
    FROM @Lines.nodes('/rows/row') AS r(x);
-- ON BOTH
    SELECT @LineCount = COUNT(*) FROM @Asked;
    IF @LineCount NOT BETWEEN 1 AND 200 OR @Minutes NOT BETWEEN 1 AND 60 OR EXISTS (SELECT 1 FROM @Asked WHERE QTY NOT BETWEEN 1 AND 9999)
    BEGIN
        SELECT @Refusal = 50400, @Result = N'{"problem":"invalid-lines"}';
        RETURN;
    END;
    SET @CustNo = storefront.IntOf(@CustomerId);
    IF NOT EXISTS (SELECT 1 FROM dbo.CUSTOMER WHERE CUST_NO = @CustNo)
    BEGIN
        SELECT @Refusal = 50404, @Result = N'{"problem":"unknown-customer"}';
        RETURN;
    END;
    UPDATE a SET PROD_CODE = p.PROD_CODE
    FROM @Asked AS a INNER JOIN dbo.PRODUCT AS p ON p.PROD_CODE = a.SKU AND p.WEB_FLAG = 'Y' AND p.DISCONT <> 'Y';
    SELECT @LineNo = MIN(LINE_NO) FROM @Asked WHERE PROD_CODE IS NULL;
    IF @LineNo IS NOT NULL
    BEGIN
        SELECT @Refusal = 50404, @Result = N'{"problem":"unknown-product","line":' + CONVERT(nvarchar(10), @LineNo) + N'}';
        RETURN;
    END;

    -- The stock rows in key order, as AcceptOrder locks them.
    INSERT INTO @Need (PROD_CODE, FIRST_LINE, QTY)
    SELECT PROD_CODE, MIN(LINE_NO), SUM(QTY) FROM @Asked GROUP BY PROD_CODE;
    SELECT @Product = MIN(PROD_CODE) FROM @Need;
    WHILE @Product IS NOT NULL
    BEGIN
        SELECT @Wanted = QTY, @LineNo = FIRST_LINE FROM @Need WHERE PROD_CODE = @Product;
        SET @Free = 0;
        SELECT @Free = QTY_ON_HAND - QTY_ALLOC FROM dbo.STOCK WITH (ROWLOCK, UPDLOCK, HOLDLOCK)
        WHERE PROD_CODE = @Product AND BRANCH_NO = @WarehouseBranch;
        SELECT @Held = ISNULL(SUM(QUANTITY), 0) FROM storefront.RESERVATION_LINE WHERE SKU = @Product AND EXPIRES_AT > GETUTCDATE();
        IF @Free - @Held < @Wanted
        BEGIN
            SELECT @Refusal = 50409, @Result = N'{"problem":"not-enough-stock","line":' + CONVERT(nvarchar(10), @LineNo)
                + N',"requested":' + CONVERT(nvarchar(10), @Wanted)
                + N',"available":' + CONVERT(nvarchar(10), CASE WHEN @Free > @Held THEN @Free - @Held ELSE 0 END) + N'}';
            RETURN;
        END;
        SELECT @Product = MIN(PROD_CODE) FROM @Need WHERE PROD_CODE > @Product;
    END;

    SET @ExpiresAt = DATEADD(minute, @Minutes, GETUTCDATE());
    INSERT INTO storefront.RESERVATION (CUSTOMER_ID, EXPIRES_AT) VALUES (CONVERT(varchar(20), @CustNo), @ExpiresAt);
    SET @Reservation = CONVERT(int, SCOPE_IDENTITY());
    INSERT INTO storefront.RESERVATION_LINE (RESERVATION_ID, SKU, QUANTITY, EXPIRES_AT)
    SELECT @Reservation, RTRIM(PROD_CODE), QTY, @ExpiresAt FROM @Need;

    SET @SubjectId = CONVERT(varchar(20), @Reservation);
    SET @Result = N'{"commandId":"' + LOWER(CONVERT(nvarchar(36), @CommandId)) + N'","reservationId":"' + @SubjectId
        + N'","status":"reserved","lineCount":' + CONVERT(nvarchar(10), @LineCount)
        + N',"expiresAt":"' + storefront.TimeText(@ExpiresAt) + N'"}';
END;
GO

-- storefront.GetLiveStock: stock of web products at this moment. Answers one row: Result (JSON text), Refusal (always NULL).
CREATE PROCEDURE storefront.GetLiveStock
    @Caller         varchar(64),
    @RequestId      varchar(64),
-- ON 2008
    @Skus           storefront.Skus READONLY
-- ON 2005
    @Skus           xml
-- ON BOTH
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET LOCK_TIMEOUT 2000;    -- milliseconds
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;   -- a pooled session may come with another
    DECLARE @WarehouseBranch smallint, @Product char(10), @OnHand int, @Promised int, @Result nvarchar(max);
    DECLARE @Asked TABLE (PROD_CODE char(10) NOT NULL PRIMARY KEY);
    SET @WarehouseBranch = 1;

    INSERT INTO @Asked (PROD_CODE)
    SELECT DISTINCT p.PROD_CODE FROM dbo.PRODUCT AS p
-- ON 2008
    INNER JOIN @Skus AS s ON p.PROD_CODE = s.SKU
-- ON 2005
    INNER JOIN (SELECT r.x.value('@SKU', 'varchar(20)') AS SKU FROM @Skus.nodes('/rows/row') AS r(x)) AS s ON p.PROD_CODE = s.SKU
-- ON BOTH
    WHERE p.WEB_FLAG = 'Y' AND p.DISCONT <> 'Y';

    SET @Result = N'{"asOf":"' + storefront.TimeText(GETUTCDATE()) + N'","items":[';
    SELECT @Product = MIN(PROD_CODE) FROM @Asked;
    WHILE @Product IS NOT NULL
    BEGIN
        SELECT @OnHand = 0, @Promised = 0;
        SELECT @OnHand = QTY_ON_HAND, @Promised = QTY_ALLOC FROM dbo.STOCK WHERE PROD_CODE = @Product AND BRANCH_NO = @WarehouseBranch;
        SELECT @Promised = @Promised + ISNULL(SUM(QUANTITY), 0) FROM storefront.RESERVATION_LINE
        WHERE SKU = @Product AND EXPIRES_AT > GETUTCDATE();
        SET @Result = @Result + CASE WHEN RIGHT(@Result, 1) = N'[' THEN N'' ELSE N',' END
            + N'{"sku":' + storefront.JsonText(RTRIM(@Product)) + N',"onHand":' + CONVERT(nvarchar(10), @OnHand)
            + N',"reserved":' + CONVERT(nvarchar(10), @Promised)
            + N',"available":' + CONVERT(nvarchar(10), CASE WHEN @OnHand > @Promised THEN @OnHand - @Promised ELSE 0 END) + N'}';
        SELECT @Product = MIN(PROD_CODE) FROM @Asked WHERE PROD_CODE > @Product;
    END;
    SELECT @Result + N']}' AS Result, CONVERT(int, NULL) AS Refusal;
    RETURN 0;
END;
GO
