-- The AdventureWorks database's part of AcceptOrder. Minimum version: SQL Server 2008 (`sluice sql --server 2005` prints it for 2005).
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
    DECLARE @WebCurrency char(3);
    DECLARE @Customer int, @Order int, @Reservation int, @LineNo smallint, @LineCount int, @Now datetime;
    DECLARE @Offered decimal(19,4), @Price money, @Total decimal(19,4);
    DECLARE @Product int, @Location smallint, @Wanted int, @Left int, @Free int, @Held int, @Have int, @Take int;
    DECLARE @Line TABLE (
        LINE_NO smallint NOT NULL PRIMARY KEY, SKU varchar(20) NOT NULL, QTY int NOT NULL, OFFERED decimal(19,4) NOT NULL,
        ProductID int NULL, UnitPrice money NULL);
    DECLARE @Need TABLE (ProductID int NOT NULL PRIMARY KEY, FIRST_LINE smallint NOT NULL, QTY int NOT NULL, UnitPrice money NOT NULL);
    DECLARE @Taken TABLE (ProductID int NOT NULL, LocationID smallint NOT NULL, QTY int NOT NULL, PRIMARY KEY (ProductID, LocationID));
    SELECT @WebCurrency = 'USD', @Refusal = NULL, @Result = NULL, @SubjectId = NULL;

    -- 1. What was asked must make sense by itself, whoever calls.
    INSERT INTO @Line (LINE_NO, SKU, QTY, OFFERED)
-- ON 2008
    SELECT LINE_NO, SKU, QUANTITY, UNIT_PRICE FROM @Lines;
-- ON 2005
    SELECT r.x.value('@LINE_NO', 'smallint'), r.x.value('@SKU', 'varchar(20)'), r.x.value('@QUANTITY', 'int'),
        r.x.value('@UNIT_PRICE', 'decimal(19,4)')
    FROM @Lines.nodes('/rows/row') AS r(x);
-- ON BOTH
    SELECT @LineCount = COUNT(*) FROM @Line;
    IF @LineCount NOT BETWEEN 1 AND 200 OR EXISTS (SELECT 1 FROM @Line WHERE QTY NOT BETWEEN 1 AND 9999 OR OFFERED < 0)
    BEGIN
        SELECT @Refusal = 50400, @Result = N'{"problem":"invalid-lines"}';
        RETURN;
    END;
    IF @Currency <> @WebCurrency
    BEGIN
        SELECT @Refusal = 50422, @Result = N'{"problem":"currency-differs"}';
        RETURN;
    END;
    SET @Customer = storefront.IntOf(@CustomerId);
    IF NOT EXISTS (SELECT 1 FROM Sales.Customer WHERE CustomerID = @Customer)
    BEGIN
        SELECT @Refusal = 50404, @Result = N'{"problem":"unknown-customer"}';
        RETURN;
    END;

    -- 2. Our own prices. SKU is ProductID as text; list prices hold no tax.
    UPDATE l SET ProductID = p.ProductID, UnitPrice = p.ListPrice
    FROM @Line AS l
    INNER JOIN Production.Product AS p ON p.ProductID = storefront.IntOf(l.SKU)
        AND p.FinishedGoodsFlag = 1 AND p.ListPrice > 0 AND p.SellEndDate IS NULL AND p.DiscontinuedDate IS NULL;

    SELECT @LineNo = MIN(LINE_NO) FROM @Line WHERE ProductID IS NULL;
    IF @LineNo IS NOT NULL
    BEGIN
        SELECT @Refusal = 50404, @Result = N'{"problem":"unknown-product","line":' + CONVERT(nvarchar(10), @LineNo) + N'}';
        RETURN;
    END;

    SELECT @LineNo = MIN(LINE_NO) FROM @Line WHERE OFFERED <> UnitPrice;
    IF @LineNo IS NOT NULL
    BEGIN
        SELECT @Offered = OFFERED, @Price = UnitPrice FROM @Line WHERE LINE_NO = @LineNo;
        SELECT @Refusal = 50422, @Result = N'{"problem":"price-differs","line":' + CONVERT(nvarchar(10), @LineNo)
            + N',"expected":"' + CONVERT(nvarchar(30), CAST(@Price AS decimal(19,4)))
            + N'","found":"' + CONVERT(nvarchar(30), @Offered) + N'"}';
        RETURN;
    END;

    SELECT @Total = SUM(CAST(QTY * UnitPrice AS decimal(19,4))) FROM @Line;
    IF @Total <> @ExpectedTotal
    BEGIN
        SELECT @Refusal = 50422, @Result = N'{"problem":"total-differs","expected":"' + CONVERT(nvarchar(30), @Total)
            + N'","found":"' + CONVERT(nvarchar(30), @ExpectedTotal) + N'"}';
        RETURN;
    END;

    -- 3. This customer's reservation, if it still counts: its pieces are not held against its own order.
    SET @Reservation = 0;
    SELECT @Reservation = RESERVATION_ID FROM storefront.RESERVATION WITH (ROWLOCK, UPDLOCK)
    WHERE RESERVATION_ID = storefront.IntOf(@ReservationId) AND CUSTOMER_ID = CONVERT(varchar(20), @Customer) AND EXPIRES_AT > GETUTCDATE();

    -- 4. Stock, product by product and location by location in key order, so that two orders never wait for each other crosswise. The
    --    update locks of all the product's shelves are held to the end: from here on nobody else can promise these pieces.
    INSERT INTO @Need (ProductID, FIRST_LINE, QTY, UnitPrice)
    SELECT ProductID, MIN(LINE_NO), SUM(QTY), MIN(UnitPrice) FROM @Line GROUP BY ProductID;

    SELECT @Product = MIN(ProductID) FROM @Need;
    WHILE @Product IS NOT NULL
    BEGIN
        SELECT @Wanted = QTY, @Left = QTY, @LineNo = FIRST_LINE FROM @Need WHERE ProductID = @Product;
        SET @Free = 0;
        SELECT @Location = MIN(LocationID) FROM Production.ProductInventory WHERE ProductID = @Product;
        WHILE @Location IS NOT NULL
        BEGIN
            SET @Have = 0;
            SELECT @Have = Quantity FROM Production.ProductInventory WITH (ROWLOCK, UPDLOCK, HOLDLOCK)
            WHERE ProductID = @Product AND LocationID = @Location;
            SELECT @Free = @Free + @Have, @Take = CASE WHEN @Have < @Left THEN @Have ELSE @Left END;
            IF @Take > 0
            BEGIN
                INSERT INTO @Taken (ProductID, LocationID, QTY) VALUES (@Product, @Location, @Take);
                SET @Left = @Left - @Take;
            END;
            SELECT @Location = MIN(LocationID) FROM Production.ProductInventory WHERE ProductID = @Product AND LocationID > @Location;
        END;
        SELECT @Held = ISNULL(SUM(QUANTITY), 0) FROM storefront.RESERVATION_LINE
        WHERE SKU = CONVERT(varchar(20), @Product) AND EXPIRES_AT > GETUTCDATE() AND RESERVATION_ID <> @Reservation;
        IF @Free - @Held < @Wanted
        BEGIN
            SELECT @Refusal = 50409, @Result = N'{"problem":"not-enough-stock","line":' + CONVERT(nvarchar(10), @LineNo)
                + N',"requested":' + CONVERT(nvarchar(10), @Wanted)
                + N',"available":' + CONVERT(nvarchar(10), CASE WHEN @Free > @Held THEN @Free - @Held ELSE 0 END) + N'}';
            RETURN;
        END;
        SELECT @Product = MIN(ProductID) FROM @Need WHERE ProductID > @Product;
    END;

    -- 5. The pieces, and the order; a line for each place the goods were taken from.
    UPDATE i SET Quantity = i.Quantity - t.QTY, ModifiedDate = GETDATE()
    FROM Production.ProductInventory AS i INNER JOIN @Taken AS t ON t.ProductID = i.ProductID AND t.LocationID = i.LocationID;
    DELETE FROM storefront.RESERVATION_LINE WHERE RESERVATION_ID = @Reservation;
    DELETE FROM storefront.RESERVATION WHERE RESERVATION_ID = @Reservation;

    INSERT INTO Sales.SalesOrderHeader (OrderDate, Status, OnlineOrderFlag, CustomerID, SubTotal, TaxAmt, TotalDue)
    VALUES (GETDATE(), 1, 1, @Customer, @Total, 0, @Total);
    SET @Order = CONVERT(int, SCOPE_IDENTITY());
    INSERT INTO Sales.SalesOrderDetail (SalesOrderID, OrderQty, ProductID, UnitPrice, LineTotal, LocationID)
    SELECT @Order, t.QTY, t.ProductID, n.UnitPrice, t.QTY * n.UnitPrice, t.LocationID
    FROM @Taken AS t INNER JOIN @Need AS n ON n.ProductID = t.ProductID
    ORDER BY t.ProductID, t.LocationID;

    -- 6. The answer.
    SELECT @SubjectId = CONVERT(varchar(20), @Order), @Now = GETUTCDATE();
    SET @Result = N'{"commandId":"' + LOWER(CONVERT(nvarchar(36), @CommandId))
        + N'","orderId":"' + @SubjectId + N'","status":"accepted","total":"' + CONVERT(nvarchar(30), @Total)
        + N'","tax":"0.0000","currency":"' + @WebCurrency
        + N'","lineCount":' + CONVERT(nvarchar(10), @LineCount) + N',"acceptedAt":"' + storefront.TimeText(@Now) + N'"}';
END;
GO
