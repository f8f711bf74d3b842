-- The AdventureWorks database's part of CancelOrder. Minimum version: SQL Server 2005. Runs inside the transaction of storefront.CancelOrder.

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
    DECLARE @Order int, @Customer int, @Status tinyint, @Product int, @Location smallint, @Given int;
    DECLARE @Back TABLE (ProductID int NOT NULL, LocationID smallint NOT NULL, QTY int NOT NULL, PRIMARY KEY (ProductID, LocationID));
    SELECT @Order = storefront.IntOf(@OrderId), @Customer = storefront.IntOf(@CustomerId), @Refusal = NULL, @Result = NULL;
    SET @SubjectId = CONVERT(varchar(20), @Order);

    -- 1. The header first, checked and changed in one statement: the picker may be reaching for it at this moment.
    UPDATE Sales.SalesOrderHeader WITH (ROWLOCK)
    SET Status = 6, ModifiedDate = GETDATE()
    WHERE SalesOrderID = @Order AND CustomerID = @Customer AND OnlineOrderFlag = 1 AND Status = 1;
    IF @@ROWCOUNT = 0
    BEGIN
        -- An order of somebody else is as unknown as one that is not there.
        SELECT @Status = Status FROM Sales.SalesOrderHeader WHERE SalesOrderID = @Order AND CustomerID = @Customer AND OnlineOrderFlag = 1;
        IF @Status IS NULL SELECT @Refusal = 50404, @Result = N'{"problem":"unknown-order"}';
        ELSE SELECT @Refusal = 50410, @Result = N'{"problem":"order-not-cancellable","orderStatus":"' + storefront.OrderStatus(@Status) + N'"}';
        RETURN;
    END;

    -- 2. Stock back where it came from, in key order, as AcceptOrder took it.
    INSERT INTO @Back (ProductID, LocationID, QTY)
    SELECT ProductID, LocationID, SUM(OrderQty) FROM Sales.SalesOrderDetail
    WHERE SalesOrderID = @Order AND LocationID IS NOT NULL GROUP BY ProductID, LocationID;
    SELECT @Product = MIN(ProductID) FROM @Back;
    WHILE @Product IS NOT NULL
    BEGIN
        SELECT @Location = MIN(LocationID) FROM @Back WHERE ProductID = @Product;
        WHILE @Location IS NOT NULL
        BEGIN
            SELECT @Given = QTY FROM @Back WHERE ProductID = @Product AND LocationID = @Location;
            UPDATE Production.ProductInventory WITH (ROWLOCK)
            SET Quantity = Quantity + @Given, ModifiedDate = GETDATE()
            WHERE ProductID = @Product AND LocationID = @Location;
            SELECT @Location = MIN(LocationID) FROM @Back WHERE ProductID = @Product AND LocationID > @Location;
        END;
        SELECT @Product = MIN(ProductID) FROM @Back WHERE ProductID > @Product;
    END;

    SET @Result = N'{"commandId":"' + LOWER(CONVERT(nvarchar(36), @CommandId)) + N'","orderId":"' + @SubjectId
        + N'","status":"cancelled","cancelledAt":"' + storefront.TimeText(GETUTCDATE()) + N'"}';
END;
GO
