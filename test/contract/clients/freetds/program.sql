SELECT 'encrypted=' + encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID
go
SELECT CONCAT(N'query=', ParcelId, N'|', Label, N'|', WeightKg, N'|', CONVERT(varchar(27), Sent, 121), N'|', Mark, N'|',
  CONVERT(varchar(10), Payload, 2), N'|', Serial) FROM dbo.Parcel WHERE ParcelId = 1
go
SELECT Label, WeightKg, Sent, Payload, Serial FROM dbo.Parcel ORDER BY ParcelId
go
DECLARE @found int, @heaviest nvarchar(40), @returned int
EXEC @returned = dbo.CountHeavy 0.5, @found OUTPUT, @heaviest OUTPUT
SELECT CONCAT(N'procedure=', @returned, N'|', @found, N'|', @heaviest)
go
DECLARE @parcels dbo.ParcelWeights
INSERT INTO @parcels VALUES (1, 1.125, N'a'), (2, 2.25, N'ż'), (3, NULL, NULL)
EXEC dbo.SumWeights @parcels
go
BEGIN TRANSACTION
INSERT INTO dbo.Parcel (ParcelId, Label) VALUES (900, N'tsql')
ROLLBACK
SELECT CONCAT('afterRollback=', COUNT(*)) FROM dbo.Parcel WHERE ParcelId = 900
go
INSERT INTO dbo.Parcel (ParcelId, Label) VALUES (1, N'again')
go
EXEC dbo.Refuse N'not today'
go
SELECT 'usable=1'
go
