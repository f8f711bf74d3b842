-- What every foreign client's program finds in the database Depot.
CREATE DATABASE Depot;
GO
USE Depot;
GO
CREATE TABLE dbo.Parcel (
  ParcelId int NOT NULL CONSTRAINT PK_Parcel PRIMARY KEY,
  Label nvarchar(40) NOT NULL,
  WeightKg decimal(12, 3) NULL,
  Sent datetime2(7) NULL,
  Mark uniqueidentifier NULL,
  Payload varbinary(100) NULL,
  Serial bigint NULL
);
INSERT INTO dbo.Parcel (ParcelId, Label, WeightKg, Sent, Mark, Payload, Serial) VALUES
  (1, N'Łódź ☂', 123456789.125, '2024-02-29T23:59:59.1234567', '6F9619FF-8B86-D011-B42D-00C04FC964FF', 0x00FF10, 9007199254740993),
  (2, N'plain', 0.500, NULL, NULL, 0x, -1),
  (3, N'trailing  ', NULL, '0001-01-01T00:00:00', NULL, NULL, NULL);
GO
CREATE TYPE dbo.ParcelWeights AS TABLE (ParcelId int NOT NULL PRIMARY KEY, WeightKg decimal(12, 3) NULL, Label nvarchar(40) NULL);
GO
CREATE PROCEDURE dbo.CountHeavy @atLeast decimal(12, 3), @found int OUTPUT, @heaviest nvarchar(40) OUTPUT AS
BEGIN
  SET NOCOUNT ON;
  SELECT @found = COUNT(*) FROM dbo.Parcel WHERE WeightKg >= @atLeast;
  SELECT TOP (1) @heaviest = Label FROM dbo.Parcel WHERE WeightKg IS NOT NULL ORDER BY WeightKg DESC;
  RETURN 7;
END;
GO
CREATE PROCEDURE dbo.SumWeights @parcels dbo.ParcelWeights READONLY AS
  SELECT COUNT(*) AS parcels, SUM(WeightKg) AS weight, MAX(Label) AS label FROM @parcels;
GO
CREATE PROCEDURE dbo.Refuse @why nvarchar(100) AS
  THROW 50042, @why, 3;
GO
