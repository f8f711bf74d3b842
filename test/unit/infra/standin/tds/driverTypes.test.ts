import sql from 'mssql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datetime2FromUnixMs, type SqlType, type SqlValue } from '#infra/standin/sql/values.ts';
import type { RpcArgument } from '#infra/standin/tds/engineSession.ts';
import { type Listener, listen } from '#infra/standin/tds/listener.ts';
import { createFakeEngine, echo, PASSWORD } from './fakeEngine.ts';

/** The next row to send, or the arguments that came last. */
const exchange: { column: { type: SqlType; value: SqlValue } | null; args: readonly RpcArgument[] } = {
  column: null,
  args: [],
};
let listener: Listener;
let pool: sql.ConnectionPool;

beforeAll(async () => {
  const engine = createFakeEngine({
    executeSql: (_sql, args) => {
      exchange.args = args;
      return echo(args);
    },
    batch: (text) => {
      const { column } = exchange;
      if (text !== 'select it' || column === null) return [];
      return [
        { kind: 'columns', columns: [{ name: 'v', type: column.type }] },
        { kind: 'rows', rows: [[column.value], [null]] },
        { kind: 'done', scope: 'batch', currentCommand: 0xc1 },
      ];
    },
  });
  listener = await listen({
    host: '127.0.0.1',
    port: 0,
    tls: 'off',
    secureContext: null,
    maxMessageBytes: 16_000_000,
    loginTimeoutMs: 10_000,
    log: () => {},
    openSession: engine.openSession,
  });
  pool = await new sql.ConnectionPool({
    server: '127.0.0.1',
    port: listener.port,
    user: 'sa',
    password: PASSWORD,
    options: { encrypt: false, useUTC: true },
    pool: { max: 1 },
  }).connect();
});

afterAll(async () => {
  await pool.close();
  await listener.close();
});

const AT = new Date('2024-02-29T13:14:15.120Z');
const AT_UNITS = datetime2FromUnixMs(AT.getTime());
/** 1/300 s since 1900-01-01. */
const AT_TICKS = (AT.getTime() + 2_208_988_800_000) * 0.3;
const GUID = '6F9619FF-8B86-D011-B42D-00C04FC964FF';
const LONG = 'é€ long text '.repeat(2000);

describe('a column reaches the mssql driver', () => {
  it.each<[SqlType, SqlValue, unknown]>([
    [{ k: 'bit' }, 1, true],
    [{ k: 'tinyint' }, 255, 255],
    [{ k: 'smallint' }, -32768, -32768],
    [{ k: 'int' }, -2_147_483_648, -2_147_483_648],
    [{ k: 'bigint' }, -9_223_372_036_854_775_808n, '-9223372036854775808'],
    [{ k: 'decimal', p: 18, s: 2 }, -12345n, -123.45],
    [{ k: 'decimal', p: 38, s: 0 }, 10n ** 20n, 1e20],
    [{ k: 'money' }, -12_345_600n, -1234.56],
    [{ k: 'smallmoney' }, 19_900n, 1.99],
    [{ k: 'float' }, 0.1, 0.1],
    [{ k: 'real' }, 0.5, 0.5],
    [{ k: 'char', n: 5 }, 'é€   ', 'é€   '],
    [{ k: 'varchar', n: 50 }, 'naïve “quote” €', 'naïve “quote” €'],
    [{ k: 'varchar', n: -1 }, LONG, LONG],
    [{ k: 'nchar', n: 3 }, '日本 ', '日本 '],
    [{ k: 'nvarchar', n: 50 }, '日本 😀', '日本 😀'],
    [{ k: 'nvarchar', n: -1 }, LONG, LONG],
    [{ k: 'text' }, 'old text €', 'old text €'],
    [{ k: 'ntext' }, 'old 日本', 'old 日本'],
    [{ k: 'image' }, Buffer.from('0102', 'hex'), Buffer.from('0102', 'hex')],
    [{ k: 'xml' }, '<a>é</a>', '<a>é</a>'],
    [{ k: 'binary', n: 4 }, Buffer.from('01020304', 'hex'), Buffer.from('01020304', 'hex')],
    [{ k: 'varbinary', n: 40 }, Buffer.alloc(30, 7), Buffer.alloc(30, 7)],
    [{ k: 'varbinary', n: -1 }, Buffer.alloc(20_000, 7), Buffer.alloc(20_000, 7)],
    [{ k: 'rowversion' }, Buffer.from('00000000000007d1', 'hex'), Buffer.from('00000000000007d1', 'hex')],
    [{ k: 'uniqueidentifier' }, GUID, GUID],
    [{ k: 'date' }, Number(AT_UNITS / 864_000_000_000n), new Date('2024-02-29T00:00:00Z')],
    [{ k: 'time', s: 3 }, Number(AT_UNITS % 864_000_000_000n), new Date('1970-01-01T13:14:15.120Z')],
    [{ k: 'datetime' }, AT_TICKS, AT],
    [{ k: 'smalldatetime' }, Math.floor(AT_TICKS / 18_000), new Date('2024-02-29T13:14:00Z')],
    [{ k: 'datetime2', s: 7 }, AT_UNITS, AT],
    [{ k: 'datetime2', s: 2 }, AT_UNITS, AT],
    [{ k: 'datetimeoffset', s: 4 }, { utc: AT_UNITS, offset: -300 }, AT],
    [{ k: 'sql_variant' }, { variant: { k: 'int' }, value: 5 }, 5],
    [{ k: 'sql_variant' }, { variant: { k: 'nvarchar', n: 10 }, value: 'né' }, 'né'],
    [{ k: 'sql_variant' }, { variant: { k: 'varchar', n: 10 }, value: 'v1' }, 'v1'],
    [{ k: 'sql_variant' }, { variant: { k: 'decimal', p: 9, s: 2 }, value: -150n }, -1.5],
    [{ k: 'sql_variant' }, { variant: { k: 'datetime2', s: 3 }, value: AT_UNITS }, AT],
  ])('%o', async (type, value, expected) => {
    exchange.column = { type, value };
    const { recordset } = await pool.request().batch('select it');
    expect(recordset).toEqual([{ v: expected }, { v: null }]);
  });
});

describe('a parameter of the mssql driver arrives', () => {
  it.each<[string, sql.ISqlType | (() => sql.ISqlType), unknown, SqlType, SqlValue]>([
    ['bit', sql.Bit, true, { k: 'bit' }, 1],
    ['tinyint', sql.TinyInt, 200, { k: 'tinyint' }, 200],
    ['smallint', sql.SmallInt, -5, { k: 'smallint' }, -5],
    ['int', sql.Int, -5, { k: 'int' }, -5],
    ['bigint', sql.BigInt, '9223372036854775807', { k: 'bigint' }, 9_223_372_036_854_775_807n],
    ['decimal', sql.Decimal(18, 4), -1.5, { k: 'decimal', p: 18, s: 4 }, -15_000n],
    ['money', sql.Money, 12.34, { k: 'money' }, 123_400n],
    ['smallmoney', sql.SmallMoney, -0.5, { k: 'smallmoney' }, -5000n],
    ['float', sql.Float, 0.1, { k: 'float' }, 0.1],
    ['real', sql.Real, 0.5, { k: 'real' }, 0.5],
    ['char', sql.Char(5), 'ab', { k: 'char', n: 5 }, 'ab   '],
    ['varchar', sql.VarChar(20), 'naïve €', { k: 'varchar', n: 20 }, 'naïve €'],
    ['varchar(max)', sql.VarChar(sql.MAX), LONG, { k: 'varchar', n: -1 }, LONG],
    ['nchar', sql.NChar(4), '日本', { k: 'nchar', n: 4 }, '日本  '],
    ['nvarchar', sql.NVarChar(20), '日本', { k: 'nvarchar', n: 20 }, '日本'],
    ['nvarchar(max)', sql.NVarChar(sql.MAX), LONG, { k: 'nvarchar', n: -1 }, LONG],
    ['text', sql.Text, 'old €', { k: 'text' }, 'old €'],
    // The driver itself sends ntext as nvarchar.
    ['ntext', sql.NText, 'old 日本', { k: 'nvarchar', n: 6 }, 'old 日本'],
    ['image', sql.Image, Buffer.of(1, 2), { k: 'image' }, Buffer.of(1, 2)],
    ['binary', sql.Binary, Buffer.of(1, 2), { k: 'binary', n: 2 }, Buffer.of(1, 2)],
    ['varbinary', sql.VarBinary(10), Buffer.of(1, 2), { k: 'varbinary', n: 10 }, Buffer.of(1, 2)],
    ['varbinary(max)', sql.VarBinary(sql.MAX), Buffer.alloc(9000, 1), { k: 'varbinary', n: -1 }, Buffer.alloc(9000, 1)],
    ['uniqueidentifier', sql.UniqueIdentifier, GUID, { k: 'uniqueidentifier' }, GUID],
    ['date', sql.Date, AT, { k: 'date' }, Number(AT_UNITS / 864_000_000_000n)],
    ['time', sql.Time(3), AT, { k: 'time', s: 3 }, Number(AT_UNITS % 864_000_000_000n)],
    ['datetime', sql.DateTime, AT, { k: 'datetime' }, AT_TICKS],
    ['smalldatetime', sql.SmallDateTime, AT, { k: 'smalldatetime' }, Math.floor(AT_TICKS / 18_000)],
    ['datetime2', sql.DateTime2(7), AT, { k: 'datetime2', s: 7 }, AT_UNITS],
    ['datetimeoffset', sql.DateTimeOffset(7), AT, { k: 'datetimeoffset', s: 7 }, { utc: AT_UNITS, offset: 0 }],
  ])('%s', async (_name, driverType, value, type, expected) => {
    const request = pool
      .request()
      .input('p', driverType as sql.ISqlType, value)
      .input('none', driverType as sql.ISqlType, null);
    const { recordset } = await request.query('select @p, @none');
    expect(exchange.args.map((arg) => arg.kind === 'scalar' && arg.value)).toEqual([expected, null]);
    expect(exchange.args[0]).toMatchObject({ name: '@p', type });
    expect(recordset[0]).toHaveProperty('none', null);
  });
});
