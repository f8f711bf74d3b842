import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { RowReader } from '#connectors/capture/rowReader.ts';
import { applyTableRules, selectTables } from '#connectors/capture/tableRules.ts';
import { UNAVAILABLE } from '#connectors/capture/types.ts';
import { isReadable } from '#connectors/sqlserver/columnCodec.ts';
import type { ColumnMask } from '#connectors/sqlserver/columnMask.ts';
import { recordKeyOf } from '#connectors/sqlserver/metadata.ts';
import { NO_RULES } from '#test/support/captureSettings.ts';
import { column, table } from '#test/unit/connectors/publish/publishFixture.ts';

const captured = [
  { schema: 'dbo', table: 'PRODUCT' },
  { schema: 'dbo', table: 'PROD_NOTE' },
  { schema: 'sales', table: 'ORDER' },
];

describe('choosing tables', () => {
  test('names and patterns are matched without regard to capitals, in the order they are given; exclusions win', () => {
    expect(selectTables(captured, 'EPOS', ['sales.order', 'dbo.PROD*'], ['*.prod_note'])).toEqual({
      tables: ['sales.ORDER', 'dbo.PRODUCT'],
      missing: [],
    });
  });

  test('a plain name that is not captured is told; a pattern may match nothing', () => {
    expect(selectTables(captured, 'EPOS', ['dbo.NOTHERE', 'dbo.X*'])).toEqual({ tables: [], missing: ['dbo.NOTHERE'] });
  });

  test('a pattern with a database names tables of that database; a dot in it is a dot', () => {
    expect(selectTables(captured, 'EPOS', ['epos.dbo.*']).tables).toEqual(['dbo.PRODUCT', 'dbo.PROD_NOTE']);
    expect(selectTables(captured, 'OTHER', ['epos.dbo.*']).tables).toEqual([]);
    expect(selectTables([{ schema: 'dbo', table: 'AxB' }], 'EPOS', ['dbo.A.B']).missing).toEqual(['dbo.A.B']);
  });
});

const CUSTOMER = table(
  [
    column('ID', 1, 'int'),
    column('EMAIL', 2, 'varchar', { maxLength: 100 }),
    column('PIN', 3, 'nvarchar', { maxLength: 16, nullable: true }),
    column('BORN', 4, 'date'),
    column('EXTRA', 5, 'sql_variant', { nullable: true }),
    column('TOTAL', 6, 'int', { computed: true }),
  ],
  { table: 'CUSTOMER', keyColumns: ['ID'] },
).instance;
const SUPPORTED = { ...NO_RULES, unsupportedColumns: 'skip' as const };
const names = (rules: Parameters<typeof applyTableRules>[2]) =>
  applyTableRules('EPOS', CUSTOMER, rules).columns.map((c) => c.name);
const maskOf = (columns: string[], mask: ColumnMask, keys = false) => ({
  ...SUPPORTED,
  masks: [{ columns, mask, keys }],
});

describe('rules for columns', () => {
  test('columns are left out by pattern, or only the named ones and the key are carried', () => {
    expect(names({ ...SUPPORTED, excludeColumns: ['dbo.CUSTOMER.E*', 'EPOS.dbo.customer.pin'] })).toEqual([
      'ID',
      'BORN',
      'TOTAL',
    ]);
    expect(names({ ...SUPPORTED, includeColumns: ['*.EMAIL'] })).toEqual(['ID', 'EMAIL']);
  });

  test('a column that is left out keeps the places of the others in the update mask', () => {
    const { columns } = applyTableRules('EPOS', CUSTOMER, { ...SUPPORTED, excludeColumns: ['*.EMAIL'] });
    expect(columns.map((c) => c.ordinal)).toEqual([1, 3, 4, 6]);
  });

  test('a key column is not left out, and not masked without being asked for', () => {
    expect(() => names({ ...SUPPORTED, excludeColumns: ['*.ID'] })).toThrow(/CUSTOMER.ID: it is a key column/);
    const keyed = { ...CUSTOMER, keyColumns: ['EMAIL'] };
    const hash: ColumnMask = { kind: 'hash', algorithm: 'SHA-256', salt: 'x' };
    expect(() => applyTableRules('EPOS', keyed, maskOf(['*.EMAIL'], hash))).toThrow(/needs `keys: true`/);
    expect(() => applyTableRules('EPOS', keyed, maskOf(['*.EMAIL'], { kind: 'truncate', length: 3 }, true))).toThrow(
      /only a hash/,
    );
    expect(applyTableRules('EPOS', keyed, maskOf(['*.EMAIL'], hash, true)).columns[1]!.mask).toEqual({
      ...hash,
      whole: true,
    });
  });

  test('types that cannot be carried are named with their columns, or left out', () => {
    expect(() => applyTableRules('EPOS', CUSTOMER, NO_RULES)).toThrow(
      expect.objectContaining({
        code: 'CDC_COLUMN_UNSUPPORTED',
        message: expect.stringContaining('EXTRA (sql_variant)'),
      }),
    );
    expect(names(SUPPORTED)).not.toContain('EXTRA');
    for (const sqlType of ['sql_variant', 'hierarchyid', 'geometry', 'geography', 'json', 'vector'])
      expect(isReadable(column('X', 1, sqlType))).toBe(false);
  });

  test('only texts are masked', () => {
    expect(() => names(maskOf(['*.BORN'], { kind: 'stars', length: 3 }))).toThrow(/type date cannot be masked/);
  });

  test('a message key takes the place of the primary key; its columns must be there and always have a value in the log', () => {
    const keyed = applyTableRules('EPOS', CUSTOMER, {
      ...SUPPORTED,
      messageKeys: [{ table: 'dbo.CUSTOMER', columns: ['email', 'ID'] }],
    });
    expect(recordKeyOf(keyed)).toEqual(['EMAIL', 'ID']);
    expect(keyed.keyColumns).toEqual(['ID']);
    expect(() => names({ ...SUPPORTED, messageKeys: [{ table: 'dbo.CUSTOMER', columns: ['NONE'] }] })).toThrow(
      /none called NONE/,
    );
    const large = { ...CUSTOMER, columns: [...CUSTOMER.columns, column('NOTE', 7, 'text')] };
    expect(() =>
      applyTableRules('EPOS', large, { ...SUPPORTED, messageKeys: [{ table: '*', columns: ['NOTE'] }] }),
    ).toThrow(/cannot be a record's key/);
  });

  test('times are saturated where asked, but never in a key', () => {
    const timed = { ...CUSTOMER, columns: [column('AT', 1, 'datetime2', { scale: 7 }), column('ID', 2, 'int')] };
    expect(applyTableRules('EPOS', timed, SUPPORTED).columns[0]!.saturate).toBe(true);
    expect(
      applyTableRules('EPOS', { ...timed, keyColumns: ['AT', 'ID'] }, SUPPORTED).columns[0]!.saturate,
    ).toBeUndefined();
    expect(
      applyTableRules('EPOS', timed, { ...SUPPORTED, outOfRangeTimes: 'stop' }).columns[0]!.saturate,
    ).toBeUndefined();
  });
});

describe('masked values', () => {
  const read = (mask: ColumnMask, values: unknown[]) => {
    const reader = new RowReader(applyTableRules('EPOS', CUSTOMER, maskOf(['*.EMAIL', '*.PIN'], mask)));
    return [
      reader.fromTable([1, ...values, '2000-01-01'], 0),
      reader.fromChange([1, ...values, '2000-01-01'], 0, 4, Buffer.from([0xff])),
    ];
  };

  test('are hashed with salt, cut to the length of the column, the same in snapshot and stream; NULL stays NULL', () => {
    const digest = createHash('sha256').update('pepper').update('a@b.c').digest('hex');
    for (const row of read({ kind: 'hash', algorithm: 'SHA-256', salt: 'pepper' }, ['a@b.c', 'a@b.c']))
      expect(row).toMatchObject({ EMAIL: digest, PIN: digest.slice(0, 8) });
    for (const row of read({ kind: 'hash', algorithm: 'SHA-256', salt: 'pepper' }, ['a@b.c', null]))
      expect(row['PIN']).toBeNull();
  });

  test('in a key are the whole digest, because two keys could begin alike', () => {
    const salt = 'pepper';
    const rules = maskOf(['*.PIN'], { kind: 'hash', algorithm: 'SHA-256', salt }, true);
    const reader = new RowReader(applyTableRules('EPOS', { ...CUSTOMER, keyColumns: ['PIN'] }, rules));
    const digest = createHash('sha256').update(salt).update('1234').digest('hex');
    expect(reader.fromTable([1, 'a@b.c', '1234', '2000-01-01'], 0)['PIN']).toBe(digest);
  });

  test('are asterisks of one length, or cut', () => {
    expect(read({ kind: 'stars', length: 4 }, ['a@b.c', 'long secret'])[0]).toMatchObject({
      EMAIL: '****',
      PIN: '****',
    });
    expect(read({ kind: 'stars', length: 4 }, ['a@b.c', null])[0]).toMatchObject({ PIN: '****' });
    expect(read({ kind: 'truncate', length: 2 }, ['a😀', 'z'])[0]).toMatchObject({ EMAIL: 'a', PIN: 'z' });
    expect(read({ kind: 'truncate', length: 2 }, ['a@b.c', 'z'])[0]).toMatchObject({ EMAIL: 'a@', PIN: 'z' });
  });
});

describe('images of large columns in the change table', () => {
  /** A table of so many int columns and then one large one. */
  const wide = (before: number, sqlType: string, nullable = true) =>
    new RowReader(
      table([
        ...Array.from({ length: before }, (_, i) => column(`C${i}`, i + 1, 'int')),
        column('BIG', before + 1, sqlType, { nullable, maxLength: -1 }),
      ]).instance,
    );
  /** The update mask of a table of `columns` columns as SQL Server writes it: column 1 is the lowest bit of the last byte. */
  const maskWith = (columns: number, ...set: number[]): Buffer => {
    const mask = Buffer.alloc(Math.ceil(columns / 8));
    for (const ordinal of set) mask[mask.length - 1 - Math.floor((ordinal - 1) / 8)]! |= 1 << ((ordinal - 1) % 8);
    return mask;
  };

  for (const before of [0, 7, 8, 63, 64, 65, 300, 1023]) {
    test(`the mask is read from its right end in a table of ${before + 1} columns`, () => {
      const reader = wide(before, 'varbinary');
      const values = [...Array.from({ length: before }, () => 1), null];
      const columns = before + 1;
      const all = Array.from({ length: before }, (_, i) => i + 1);
      expect(reader.fromChange(values, 0, 4, maskWith(columns, columns))['BIG']).toBeNull();
      expect(reader.fromChange(values, 0, 4, maskWith(columns, ...all))['BIG']).toBe(UNAVAILABLE);
      expect(reader.fromChange(values, 0, 3, maskWith(columns, columns))['BIG']).toBeNull();
    });
  }

  test('what the log does not hold is unavailable, what it holds as NULL is NULL', () => {
    const image = (sqlType: string, operation: number, touched: boolean, nullable = true) =>
      wide(0, sqlType, nullable).fromChange([null], 0, operation, Buffer.from([touched ? 1 : 0]))['BIG'];
    for (const sqlType of ['text', 'ntext', 'image']) {
      expect([1, 3].map((op) => image(sqlType, op, true))).toEqual([UNAVAILABLE, UNAVAILABLE]);
      expect([image(sqlType, 2, true), image(sqlType, 4, true), image(sqlType, 4, false)]).toEqual([
        null,
        null,
        UNAVAILABLE,
      ]);
    }
    for (const sqlType of ['varchar', 'nvarchar', 'varbinary', 'xml']) {
      expect([1, 2, 3, 4].map((op) => image(sqlType, op, true))).toEqual([null, null, null, null]);
      expect([3, 4].map((op) => image(sqlType, op, false))).toEqual([UNAVAILABLE, UNAVAILABLE]);
    }
    expect(image('varchar', 3, true, false)).toBe(UNAVAILABLE);
    expect(image('varchar', 1, true, false)).toBe(UNAVAILABLE);
  });
});
