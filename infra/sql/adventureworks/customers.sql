-- The AdventureWorks database's part of RegisterCustomer. Minimum version: SQL Server 2005. Runs inside the transaction of storefront.RegisterCustomer.

CREATE PROCEDURE storefront.DoRegisterCustomer
    @Email          nvarchar(80),
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
    DECLARE @Street nvarchar(100);
    SELECT @Refusal = NULL, @Result = NULL, @SubjectId = NULL;

    -- The table has one line for the street; two are joined, and refused when they do not fit it.
    SET @Street = @Line1 + ISNULL(N', ' + @Line2, N'');
    IF LEN(@Street) > 60
    BEGIN
        SELECT @Refusal = 50424, @Result = N'{"problem":"text-not-storable","field":"/address/line2"}';
        RETURN;
    END;

    -- The range lock keeps a second account with this address from appearing beside ours.
    IF EXISTS (SELECT 1 FROM Sales.Customer WITH (UPDLOCK, HOLDLOCK) WHERE EmailAddress = @Email)
    BEGIN
        SELECT @Refusal = 50411, @Result = N'{"problem":"email-taken"}';
        RETURN;
    END;

    INSERT INTO Sales.Customer (FullName, EmailAddress, AddressLine1, City, PostalCode)
    VALUES (@Name, @Email, @Street, @Town, @Postcode);
    SET @SubjectId = CONVERT(varchar(20), SCOPE_IDENTITY());
    SET @Result = N'{"commandId":"' + LOWER(CONVERT(nvarchar(36), @CommandId)) + N'","customerId":"' + @SubjectId
        + N'","status":"registered","registeredAt":"' + storefront.TimeText(GETUTCDATE()) + N'"}';
END;
GO
