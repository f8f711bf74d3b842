-- Small functions the procedures share. Minimum version: SQL Server 2005. Run as db_owner. Nobody is granted anything on them: the procedures
-- reach them by ownership chaining.

-- The number that a text of 1 to 10 digits stands for; NULL for any other text and for what does not fit an int.
CREATE FUNCTION storefront.IntOf (@Text varchar(20))
RETURNS int
AS
BEGIN
    IF @Text IS NULL OR @Text LIKE '%[^0-9]%' OR LEN(@Text) NOT BETWEEN 1 AND 10 RETURN NULL;
    IF CONVERT(bigint, @Text) > 2147483647 RETURN NULL;
    RETURN CONVERT(int, @Text);
END;
GO

-- A JSON string, quotes included; null for NULL. Source: RFC 8259, section 7.
CREATE FUNCTION storefront.JsonText (@Text nvarchar(4000))
RETURNS nvarchar(max)
AS
BEGIN
    DECLARE @Json nvarchar(max), @Code int;
    IF @Text IS NULL RETURN N'null';
    SET @Json = REPLACE(REPLACE(@Text COLLATE Latin1_General_BIN, N'\', N'\\'), N'"', N'\"');
    SET @Code = 0;
    WHILE @Code < 32
    BEGIN
        IF CHARINDEX(NCHAR(@Code), @Json COLLATE Latin1_General_BIN) > 0
            SET @Json = REPLACE(@Json COLLATE Latin1_General_BIN, NCHAR(@Code),
                N'\u00' + SUBSTRING(N'01', @Code / 16 + 1, 1) + SUBSTRING(N'0123456789abcdef', @Code % 16 + 1, 1));
        SET @Code = @Code + 1;
    END;
    RETURN N'"' + @Json + N'"';
END;
GO

-- UTC time as JSON has it: 2026-01-31T12:00:00.123Z.
CREATE FUNCTION storefront.TimeText (@Time datetime)
RETURNS nvarchar(24)
AS
BEGIN
    RETURN REPLACE(CONVERT(nvarchar(23), @Time, 121), N' ', N'T') + N'Z';
END;
GO

-- Whether a text survives in the code page of the database's varchar columns; 1 for NULL.
CREATE FUNCTION storefront.FitsCodePage (@Text nvarchar(200))
RETURNS bit
AS
BEGIN
    IF @Text COLLATE Latin1_General_BIN <> CONVERT(nvarchar(200), CONVERT(varchar(400), @Text)) COLLATE Latin1_General_BIN RETURN 0;
    RETURN 1;
END;
GO

-- A delivery address as GetOrder answers it.
CREATE FUNCTION storefront.AddressJson (@Name nvarchar(60), @Line1 nvarchar(40), @Line2 nvarchar(40), @Town nvarchar(30), @Postcode nvarchar(8))
RETURNS nvarchar(max)
AS
BEGIN
    RETURN N'{"name":' + storefront.JsonText(@Name) + N',"line1":' + storefront.JsonText(@Line1) + N',"line2":' + storefront.JsonText(@Line2)
        + N',"town":' + storefront.JsonText(@Town) + N',"postcode":' + storefront.JsonText(@Postcode) + N'}';
END;
GO
