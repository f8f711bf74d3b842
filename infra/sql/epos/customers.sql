-- The EPOS database's part of RegisterCustomer. Minimum version: SQL Server 2005. Runs inside the transaction of storefront.RegisterCustomer.

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
    DECLARE @Field nvarchar(20);
    SELECT @Refusal = NULL, @Result = NULL, @SubjectId = NULL;

    -- The table's columns are varchar: what its code page cannot hold would be stored as question marks.
    SET @Field = CASE
        WHEN storefront.FitsCodePage(@Email) = 0 THEN N'/email'
        WHEN storefront.FitsCodePage(@Name) = 0 THEN N'/address/name'
        WHEN storefront.FitsCodePage(@Line1) = 0 THEN N'/address/line1'
        WHEN storefront.FitsCodePage(@Line2) = 0 THEN N'/address/line2'
        WHEN storefront.FitsCodePage(@Town) = 0 THEN N'/address/town'
        WHEN storefront.FitsCodePage(@Postcode) = 0 THEN N'/address/postcode' END;
    IF @Field IS NOT NULL
    BEGIN
        SELECT @Refusal = 50424, @Result = N'{"problem":"text-not-storable","field":"' + @Field + N'"}';
        RETURN;
    END;

    -- The range lock keeps a second account with this address from appearing beside ours.
    IF EXISTS (SELECT 1 FROM dbo.CUSTOMER WITH (UPDLOCK, HOLDLOCK) WHERE EMAIL = CONVERT(varchar(80), @Email))
    BEGIN
        SELECT @Refusal = 50411, @Result = N'{"problem":"email-taken"}';
        RETURN;
    END;

    INSERT INTO dbo.CUSTOMER (CUST_NAME, EMAIL, ADDR1, ADDR2, TOWN, POSTCODE, CREATED)
    VALUES (@Name, @Email, @Line1, @Line2, @Town, @Postcode, GETDATE());
    SET @SubjectId = CONVERT(varchar(20), SCOPE_IDENTITY());
    SET @Result = N'{"commandId":"' + LOWER(CONVERT(nvarchar(36), @CommandId)) + N'","customerId":"' + @SubjectId
        + N'","status":"registered","registeredAt":"' + storefront.TimeText(GETUTCDATE()) + N'"}';
END;
GO
