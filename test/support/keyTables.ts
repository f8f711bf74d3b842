/** One table for each kind of key a snapshot pages by, with the rows it holds. Filled before CDC is switched on. */
export const KEY_TABLES: readonly {
  readonly name: string;
  readonly columns: string;
  readonly key: string;
  readonly values: readonly string[];
}[] = [
  {
    name: 'COMPOSITE',
    columns: 'A char(4) NOT NULL, B int NOT NULL, C datetime NOT NULL',
    key: 'A DESC, B, C DESC',
    values: ['a', 'b', 'B2', 'zz'].flatMap((a) =>
      [-2, 0, 7].flatMap((b) =>
        ['2026-01-01 00:00:00.003', '2026-01-01 00:00:00.007'].map((c) => `'${a}', ${b}, '${c}'`),
      ),
    ),
  },
  {
    name: 'PADDED',
    columns: 'A char(8) NOT NULL',
    key: 'A',
    values: ["'a'", "'A b'", "'ab'", "'a-b'", "'AC'", "''", "'zzzzzzzz'", "'_x'", "'1'", "'10'", "'2'"],
  },
  {
    name: 'CASELESS',
    columns: 'A varchar(20) NOT NULL',
    key: 'A',
    values: ["'apple'", "'Banana'", "'cherry'", "'DATE'", "'eel'", "'Fig'", "'grape fruit'", "'O''Brien'"],
  },
  {
    name: 'WIDE',
    columns: 'A nvarchar(30) NOT NULL',
    key: 'A',
    values: ["N'Łódź'", "N'ångström'", "N'中文'", "N'a'", "N'Z'", "N'z1'", "N'“quoted”'"],
  },
  {
    name: 'GUIDS',
    columns: 'A uniqueidentifier NOT NULL',
    key: 'A DESC',
    values: [
      ...['00000000-0000-0000-0000-010000000000', '00000000-0000-0000-0000-000100000000'],
      ...['01000000-0000-0000-0000-000000000000', '00000000-0100-0000-0000-000000000000'],
      ...['6F9619FF-8B86-D011-B42D-00C04FC964FF', 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF'],
      '00000000-0000-0000-0100-000000000000',
    ].map((v) => `'${v}'`),
  },
  {
    name: 'MOMENTS',
    columns: 'A datetime NOT NULL',
    key: 'A',
    values: [
      '1753-01-01',
      '1999-12-31 23:59:59.997',
      '2026-01-01 00:00:00.003',
      '2026-01-01 00:00:00.007',
      '9999-12-31',
    ].map((v) => `'${v}'`),
  },
  {
    name: 'EXACT',
    columns: 'A datetime2(7) NOT NULL, B time(3) NOT NULL',
    key: 'A, B',
    values: ['1969-12-31 23:59:59.9999999', '1970-01-01', '2026-02-28 01:02:03.0000001'].flatMap((v) =>
      ['00:00:00.001', '23:59:59.999'].map((t) => `'${v}', '${t}'`),
    ),
  },
  {
    name: 'ZONED',
    columns: 'A datetimeoffset(3) NOT NULL',
    key: 'A',
    values: ['2026-01-01 12:00:00.000 +02:00', '2026-01-01 11:00:00.001 +00:00', '2026-01-01 00:00:00.000 -11:30'].map(
      (v) => `'${v}'`,
    ),
  },
  {
    name: 'DAYS',
    columns: 'A date NOT NULL, B smallint NOT NULL',
    key: 'A, B DESC',
    values: ['0001-01-01', '2024-02-29', '9999-12-31'].flatMap((v) => [-1, 0, 1].map((b) => `'${v}', ${b}`)),
  },
  {
    name: 'NUMBERS',
    columns: 'A decimal(19,4) NOT NULL, B money NOT NULL',
    key: 'A, B',
    values: ['-999999999999999.9999', '-0.0001', '0', '0.0001', '999999999999999.9999'].flatMap((a) =>
      ['-922337203685477.5808', '1.5'].map((b) => `${a}, ${b}`),
    ),
  },
  {
    name: 'LONGS',
    columns: 'A bigint NOT NULL, B bit NOT NULL, C tinyint NOT NULL',
    key: 'A, B, C',
    values: ['-9223372036854775808', '-1', '9007199254740993', '9223372036854775807'].flatMap((a) =>
      ['0, 255', '1, 0'].map((b) => `${a}, ${b}`),
    ),
  },
  {
    name: 'BYTES',
    columns: 'A varbinary(6) NOT NULL, B binary(3) NOT NULL',
    key: 'A, B',
    values: ['0x', '0x0001', '0x7F', '0x80', '0xFFFFFFFFFFFF'].map((a) => `${a}, 0x010203`),
  },
];

/** A database with these tables under CDC, each with a counter V. */
export const KEY_TABLES_SQL = `
CREATE DATABASE KEYS;
GO
ALTER DATABASE KEYS SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
USE KEYS;
GO
EXEC sys.sp_cdc_enable_db;
GO
${KEY_TABLES.map(
  ({ name, columns, key, values }) => `
CREATE TABLE dbo.${name} (${columns}, V int NOT NULL, CONSTRAINT PK_${name} PRIMARY KEY CLUSTERED (${key}));
GO
INSERT INTO dbo.${name} VALUES ${values.map((v, i) => `(${v}, ${i})`).join(', ')};
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'${name}', @role_name = NULL, @supports_net_changes = 0;
GO`,
).join('\n')}
CREATE TABLE dbo.KEYLESS (A varchar(10) NULL, V int NOT NULL);
GO
INSERT INTO dbo.KEYLESS VALUES ('x', 0), ('x', 0), (NULL, 1);
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'KEYLESS', @role_name = NULL, @supports_net_changes = 0;
GO
`;
