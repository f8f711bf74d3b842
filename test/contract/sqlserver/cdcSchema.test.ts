import { describe, expect, test } from 'vitest';
import { captured, caughtUp, enableTable, one } from './support/cdc.ts';
import { useContractServer } from './support/server.ts';

const keyed = (name: string, columns: string): string =>
  `CREATE TABLE dbo.${name} (id int NOT NULL CONSTRAINT PK_${name} PRIMARY KEY, ${columns})`;

const server = useContractServer([
  'EXEC sys.sp_cdc_enable_db',
  keyed('GROWN', 'v int NULL'),
  enableTable('GROWN'),
  keyed('SHRUNK', 'v int NULL, gone varchar(10) NULL'),
  enableTable('SHRUNK'),
  keyed('WIDENED', 'v int NULL, t varchar(5) NULL'),
  enableTable('WIDENED'),
  keyed('SWITCHED', 'v int NULL'),
  enableTable('SWITCHED'),
  keyed('NAMED', 'v int NULL'),
  enableTable('NAMED'),
]);

const CHANGES = 'About change data capture (SQL Server): schema changes';
const HISTORY = 'cdc.ddl_history (Transact-SQL)';
const ENABLE = 'sys.sp_cdc_enable_table (Transact-SQL)';

const historyOf = (instance: string): string =>
  `FROM cdc.ddl_history WHERE object_id = OBJECT_ID('cdc.${instance}_CT')`;

async function query(text: string) {
  const session = await server.open();
  try {
    const { sets, errors } = await session.run(text);
    if (errors.length > 0) throw new Error(errors[0]!.message);
    return sets[0]!;
  } finally {
    await session.close();
  }
}

describe('the definition of a captured table changes', () => {
  test(`an added column is in the history, not in the instance [${CHANGES}]`, async () => {
    const rows = await captured(
      server,
      'dbo_GROWN',
      'id, v',
      "ALTER TABLE dbo.GROWN ADD fresh int NULL; EXEC(N'INSERT INTO dbo.GROWN (id, v, fresh) VALUES (1, 2, 3)')",
    );
    expect(rows).toEqual([[2, 1, 2]]);
    expect(
      await query(
        `SELECT required_column_update, CASE WHEN ddl_command LIKE '%ADD fresh%' THEN 1 ELSE 0 END ${historyOf('dbo_GROWN')}`,
      ),
    ).toEqual([[false, 1]]);
  });

  test(`a dropped column keeps the values captured before and is NULL from then on [${CHANGES}]`, async () => {
    const rows = await captured(
      server,
      'dbo_SHRUNK',
      'id, gone',
      `INSERT INTO dbo.SHRUNK (id, v, gone) VALUES (1, 1, 'before');
       ALTER TABLE dbo.SHRUNK DROP COLUMN gone;
       EXEC(N'UPDATE dbo.SHRUNK SET v = 2 WHERE id = 1; INSERT INTO dbo.SHRUNK (id, v) VALUES (2, 2)')`,
    );
    expect(rows).toEqual([
      [2, 1, 'before'],
      [3, 1, null],
      [4, 1, null],
      [2, 2, null],
    ]);
    expect(
      await query("SELECT COUNT(*) FROM cdc.captured_columns WHERE object_id = OBJECT_ID('cdc.dbo_SHRUNK_CT')"),
    ).toEqual([[3]]);
  });

  test(`a changed type is changed in the change table too, with the values that are there [${HISTORY}]`, async () => {
    const rows = await captured(
      server,
      'dbo_WIDENED',
      'id, v, t',
      `INSERT INTO dbo.WIDENED VALUES (1, 7, 'abc');
       ALTER TABLE dbo.WIDENED ALTER COLUMN v bigint NULL;
       ALTER TABLE dbo.WIDENED ALTER COLUMN t nvarchar(20) NULL;
       EXEC(N'INSERT INTO dbo.WIDENED VALUES (2, 9000000000, N''abcdefgh'')')`,
    );
    expect(rows.map((row) => row.map(String))).toEqual([
      ['2', '1', '7', 'abc'],
      ['2', '2', '9000000000', 'abcdefgh'],
    ]);
    expect(
      await query(
        `SELECT TYPE_NAME(system_type_id), max_length FROM sys.columns WHERE object_id = OBJECT_ID('cdc.dbo_WIDENED_CT') AND name IN ('v', 't') ORDER BY name`,
      ),
    ).toEqual([
      ['nvarchar', 40],
      ['bigint', 8],
    ]);
    expect(await query(`SELECT required_column_update ${historyOf('dbo_WIDENED')} ORDER BY ddl_lsn`)).toEqual([
      [true],
      [true],
    ]);
  });

  test(`a second instance begins with the columns there are; both hold what comes after; the history of a dropped one stays [${ENABLE}]`, async () => {
    await server.must('INSERT INTO dbo.SWITCHED (id, v) VALUES (1, 1)');
    await server.must('ALTER TABLE dbo.SWITCHED ADD more int NULL');
    await server.must('INSERT INTO dbo.SWITCHED (id, v, more) VALUES (2, 2, 2)');
    await server.must(enableTable('SWITCHED', "@capture_instance = N'dbo_SWITCHED_2'"));
    await server.must('INSERT INTO dbo.SWITCHED (id, v, more) VALUES (3, 3, 3)');
    await caughtUp(server);
    const old = await query(
      'SELECT id, v, CONVERT(varchar(30), __$start_lsn, 1), __$seqval FROM cdc.dbo_SWITCHED_CT ORDER BY __$start_lsn',
    );
    const fresh = await query(
      'SELECT id, v, more, CONVERT(varchar(30), __$start_lsn, 1), __$seqval FROM cdc.dbo_SWITCHED_2_CT ORDER BY __$start_lsn',
    );
    expect(old.map(([id]) => id)).toEqual([1, 2, 3]);
    expect(fresh.map(([id, v, more]) => [id, v, more])).toEqual([[3, 3, 3]]);
    // The same change has the same places in both.
    expect(fresh[0]!.slice(3)).toEqual(old[2]!.slice(2));
    const [[start]] = (await query(
      "SELECT CONVERT(varchar(30), start_lsn, 1) FROM cdc.change_tables WHERE capture_instance = 'dbo_SWITCHED_2'",
    )) as [[string]];
    expect(start > (old[1]![2] as string) && start <= (old[2]![2] as string)).toBe(true);
    const session = await server.open();
    const id = await one(session, "SELECT OBJECT_ID('cdc.dbo_SWITCHED_CT')");
    await server.must("EXEC sys.sp_cdc_disable_table N'dbo', N'SWITCHED', N'dbo_SWITCHED'");
    expect(await one(session, `SELECT COUNT(*) FROM cdc.ddl_history WHERE object_id = ${id}`)).toBe(1);
    expect(await one(session, 'SELECT COUNT(*) FROM cdc.dbo_SWITCHED_2_CT')).toBe(1);
    await session.close();
  });

  test(`a renamed table keeps its instance [${CHANGES}]`, async () => {
    await server.must("EXEC sp_rename 'dbo.NAMED', 'RENAMED'");
    const rows = await captured(server, 'dbo_NAMED', 'id, v', 'INSERT INTO dbo.RENAMED VALUES (1, 1)');
    expect(rows).toEqual([[2, 1, 1]]);
    expect(
      await query("SELECT OBJECT_NAME(source_object_id) FROM cdc.change_tables WHERE capture_instance = 'dbo_NAMED'"),
    ).toEqual([['RENAMED']]);
  });

  test(`names in a list of columns may be in brackets or quotes, with commas and brackets inside [${ENABLE}]`, async () => {
    await server.must(
      "CREATE TABLE dbo.ODD (id int NOT NULL CONSTRAINT PK_ODD PRIMARY KEY, [a,b] int NULL, [c]]d] int NULL, [50%_off] int NULL, [größe] int NULL, [it's] int NULL)",
    );
    await server.must(enableTable('ODD', `@captured_column_list = N'id, [a,b], [c]]d], "50%_off", größe'`));
    expect(
      await query(
        "SELECT column_name FROM cdc.captured_columns WHERE object_id = OBJECT_ID('cdc.dbo_ODD_CT') ORDER BY column_ordinal",
      ),
    ).toEqual([['id'], ['a,b'], ['c]d'], ['50%_off'], ['größe']]);
  });
});
