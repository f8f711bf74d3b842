import { describe, expect, test } from 'vitest';
import { columnChanges } from '#connectors/sqlserver/ddlStatement.ts';

const type = (sqlType: string, maxLength: number, precision = 0, scale = 0) => ({
  sqlType,
  maxLength,
  precision,
  scale,
});

describe('the column changes in a statement of cdc.ddl_history', () => {
  test.each([
    ['int', type('int', 4, 10)],
    ['BIGINT', type('bigint', 8, 19)],
    ['integer', type('int', 4, 10)],
    ['varchar(20)', type('varchar', 20)],
    ['nvarchar(20)', type('nvarchar', 40)],
    ['nvarchar(max)', type('nvarchar', -1)],
    ['varbinary (MAX)', type('varbinary', -1)],
    ['[decimal](9, 2)', type('decimal', 5, 9, 2)],
    ['numeric(38,10)', type('numeric', 17, 38, 10)],
    ['decimal', type('decimal', 9, 18, 0)],
    ['datetime2(7)', type('datetime2', 8, 27, 7)],
    ['datetime2(3)', type('datetime2', 7, 23, 3)],
    ['time(0)', type('time', 3, 8, 0)],
    ['datetimeoffset', type('datetimeoffset', 10, 34, 7)],
    ['money', type('money', 8, 19, 4)],
    ['dbo.PhoneNumber', null],
    ['float(24)', null],
  ])('ALTER COLUMN … %s', (text, expected) => {
    const [change] = columnChanges(`ALTER TABLE dbo.T ALTER COLUMN V ${text} NOT NULL`, 'T');
    expect(change).toEqual({ kind: 'alter', column: 'V', type: expected, nullable: false });
  });

  test('nullability is what the statement says, and NULL when it says nothing', () => {
    const nullable = (text: string) => columnChanges(`alter table T alter column V varchar(5) ${text}`, 't')[0];
    expect(nullable('NULL')).toMatchObject({ nullable: true });
    expect(nullable('')).toMatchObject({ nullable: true });
    expect(nullable('COLLATE Latin1_General_BIN2 NOT NULL')).toMatchObject({ nullable: false });
  });

  test('drops: COLUMN holds for the names that follow it, constraints are passed over', () => {
    expect(
      columnChanges('ALTER TABLE [dbo].[T] DROP CONSTRAINT DF_A, DF_B, COLUMN IF EXISTS [A], "B b", COLUMN C', 'T'),
    ).toEqual([
      { kind: 'drop', column: 'A' },
      { kind: 'drop', column: 'B b' },
      { kind: 'drop', column: 'C' },
    ]);
    expect(columnChanges('ALTER TABLE T DROP PK_T WITH (ONLINE = ON)', 'T')).toEqual([]);
  });

  test('adds: columns with defaults, checks and computed columns, not constraints', () => {
    const command = `ALTER TABLE dbo.T WITH NOCHECK ADD A int NOT NULL CONSTRAINT DF_A DEFAULT (N'it''s, here'),
      [B ]]x] decimal(9, 2) NULL CHECK ([B ]]x] > 0), C AS (A + 1), CONSTRAINT CK_T CHECK (A <> 3), PRIMARY KEY (A)`;
    expect(columnChanges(command, 'T').map((c) => c.column)).toEqual(['A', 'B ]x', 'C']);
  });

  test('names with wildcards, quotes, brackets and letters of any script', () => {
    for (const [written, name] of [
      ['[a_b%c]', 'a_b%c'],
      ['"say ""hi"""', 'say "hi"'],
      ["[it's]", "it's"],
      ['Größe', 'Größe'],
      ['[価格]', '価格'],
    ] as const) {
      expect(columnChanges(`ALTER TABLE T ADD ${written} int`, 'T')).toEqual([{ kind: 'add', column: name }]);
    }
  });

  test('comments and texts are no statements', () => {
    const command = `/* ALTER TABLE T DROP COLUMN A */ -- ALTER TABLE T DROP COLUMN B
      ALTER TABLE T ADD D varchar(40) DEFAULT 'ALTER TABLE T DROP COLUMN C'`;
    expect(columnChanges(command, 'T')).toEqual([{ kind: 'add', column: 'D' }]);
  });

  test('of several statements those about the table count; a single one counts whatever its table is called now', () => {
    const two = 'ALTER TABLE dbo.OTHER ADD X int; ALTER TABLE dbo.T ADD Y int';
    expect(columnChanges(two, 'T')).toEqual([{ kind: 'add', column: 'Y' }]);
    expect(columnChanges('ALTER TABLE dbo.BEFORE ADD Z int', 'AFTER')).toEqual([{ kind: 'add', column: 'Z' }]);
  });

  test('what is not about columns gives nothing', () => {
    for (const command of [
      'ALTER TABLE T ENABLE TRIGGER ALL',
      'ALTER TABLE T SWITCH TO U',
      'ALTER TABLE T ADD CONSTRAINT DF_A DEFAULT 0 FOR A',
      'ALTER TABLE T ALTER COLUMN A ADD PERSISTED',
      'DROP TABLE T',
      '',
    ])
      expect(columnChanges(command, 'T'), command).toEqual([]);
  });
});
