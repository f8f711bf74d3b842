/** Batches that make the tables of the bench in database `shop`; both servers run them unchanged. */
export const SCHEMA: readonly string[] = [
  'EXEC sys.sp_cdc_enable_db',
  `CREATE TABLE dbo.PERSON (
    ID int NOT NULL CONSTRAINT PK_PERSON PRIMARY KEY,
    EMAIL nvarchar(100) NOT NULL CONSTRAINT UQ_PERSON_EMAIL UNIQUE)`,
  `CREATE TABLE dbo.LEVEL (
    SKU nvarchar(20) NOT NULL PRIMARY KEY,
    QTY int NOT NULL CONSTRAINT CK_LEVEL_QTY CHECK (QTY >= 0))`,
  `CREATE TABLE dbo.SALE (
    ID int IDENTITY(1,1) NOT NULL CONSTRAINT PK_SALE PRIMARY KEY,
    PERSON_ID int NOT NULL CONSTRAINT FK_SALE_PERSON REFERENCES dbo.PERSON(ID),
    STATE nvarchar(20) NOT NULL DEFAULT N'new',
    TOTAL decimal(18,2) NOT NULL DEFAULT (0),
    CREATED datetime2(7) NOT NULL DEFAULT SYSUTCDATETIME(),
    VER rowversion)`,
  `CREATE TABLE dbo.SALE_LINE (
    SALE_ID int NOT NULL REFERENCES dbo.SALE(ID),
    LINE_NO int NOT NULL,
    SKU nvarchar(20) NOT NULL,
    QTY int NOT NULL,
    PRICE decimal(18,2) NOT NULL,
    CONSTRAINT PK_SALE_LINE PRIMARY KEY (SALE_ID, LINE_NO))`,
  ...['FACT', 'FEED'].map(
    (name) => `CREATE TABLE dbo.${name} (
    ID int NOT NULL PRIMARY KEY,
    CUSTOMER nvarchar(50), SKU nvarchar(20), QTY int, PRICE decimal(18,2), TOTAL decimal(18,4), CREATED datetime2(7))`,
  ),
  ...['SALE', 'SALE_LINE', 'LEVEL', 'FEED'].map(
    (name) =>
      `EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'${name}', @role_name = NULL, @supports_net_changes = 0`,
  ),
  // An order of a few lines: seven changes in four statements, in the manner of a shop's order procedure.
  `CREATE PROCEDURE dbo.ADD_SALE @PersonId int, @Lines nvarchar(max), @SaleId int OUTPUT AS
  BEGIN
    SET NOCOUNT ON; SET XACT_ABORT ON;
    BEGIN TRY
      BEGIN TRANSACTION;
      INSERT INTO dbo.SALE (PERSON_ID) VALUES (@PersonId);
      SET @SaleId = SCOPE_IDENTITY();
      INSERT INTO dbo.SALE_LINE (SALE_ID, LINE_NO, SKU, QTY, PRICE)
        SELECT @SaleId, ROW_NUMBER() OVER (ORDER BY j.SKU), j.SKU, j.QTY, j.PRICE
        FROM OPENJSON(@Lines) WITH (SKU nvarchar(20) '$.sku', QTY int '$.qty', PRICE decimal(18,2) '$.price') j;
      IF @@ROWCOUNT = 0 THROW 50001, 'a sale needs lines', 1;
      UPDATE l SET QTY = l.QTY - s.QTY FROM dbo.LEVEL l INNER JOIN dbo.SALE_LINE s ON s.SKU = l.SKU WHERE s.SALE_ID = @SaleId;
      UPDATE dbo.SALE SET TOTAL = (SELECT SUM(QTY * PRICE) FROM dbo.SALE_LINE WHERE SALE_ID = @SaleId) WHERE ID = @SaleId;
      COMMIT;
    END TRY
    BEGIN CATCH
      IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;
      THROW;
    END CATCH
  END`,
  `INSERT INTO dbo.PERSON VALUES (1, N'a@example.com')`,
  `INSERT INTO dbo.LEVEL VALUES (N'A', 100000000), (N'B', 100000000)`,
];
