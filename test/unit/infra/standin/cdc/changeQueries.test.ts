import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '#test/support/eventually.ts';
import { openSession, type ScriptSession, startServer } from '../engine/scriptSession.ts';

let session: ScriptSession;

const rowsOf = async (sql: string): Promise<string[]> => {
  const outcome = await session.run(sql);
  expect(outcome.errors).toEqual([]);
  return outcome.rows;
};

beforeAll(async () => {
  session = await openSession(startServer());
  await session.run(
    'CREATE TABLE dbo.Item (Code char(2) NOT NULL PRIMARY KEY, Txt varchar(10) NULL, Price money NULL, Note text NULL)',
  );
  await session.run('EXEC sys.sp_cdc_enable_db');
  await session.run(
    "EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'Item', @role_name = NULL, @supports_net_changes = 1",
  );
  await session.run("INSERT dbo.Item VALUES ('a', 'one', 1.5, 'long'), ('b', 'two', 2, NULL)");
  await session.run("UPDATE dbo.Item SET Price = 3 WHERE Code = 'a'");
  await session.run("DELETE dbo.Item WHERE Code = 'b'");
  await session.run(
    "BEGIN TRAN; INSERT dbo.Item (Code) VALUES ('c'); UPDATE dbo.Item SET Txt = 'x' WHERE Code = 'c'; COMMIT",
  );
  await session.run("UPDATE dbo.Item SET Code = 'z' WHERE Code = 'a'");
  await eventually(async () => expect(await rowsOf('SELECT COUNT(*) FROM cdc.dbo_Item_CT')).toEqual(['10']), {
    timeoutMs: 5000,
  });
});
afterAll(() => session.close());

const WINDOW = "DECLARE @f binary(10) = sys.fn_cdc_get_min_lsn('dbo_Item'), @t binary(10) = sys.fn_cdc_get_max_lsn(); ";

describe('change tables', () => {
  it('hold the operations in commit order with masks and images', async () => {
    expect(
      await rowsOf(
        'SELECT [__$operation], [__$update_mask], Code, Txt, Price, Note FROM cdc.dbo_Item_CT ORDER BY [__$start_lsn], [__$command_id], [__$seqval], [__$operation]',
      ),
    ).toEqual([
      '2|0x0F|a |one|1.5000|long',
      '2|0x0F|b |two|2.0000|NULL',
      '3|0x04|a |one|1.5000|NULL',
      '4|0x04|a |one|3.0000|NULL',
      '1|0x0F|b |two|2.0000|NULL',
      '2|0x0F|c |NULL|NULL|NULL',
      '3|0x02|c |NULL|NULL|NULL',
      '4|0x02|c |x|NULL|NULL',
      '1|0x0F|a |one|3.0000|NULL',
      '2|0x0F|z |one|3.0000|long',
    ]);
  });

  it('are read from any position on, as a reader pages through them', async () => {
    const all = await rowsOf(
      'SELECT [__$start_lsn], [__$command_id], [__$seqval], [__$operation] FROM cdc.dbo_Item_CT ORDER BY 1, 2, 3, 4',
    );
    for (let at = 0; at < all.length; at++) {
      const [lsn, command, seqval, operation] = all[at]!.split('|');
      const rest =
        await rowsOf(`SELECT [__$start_lsn], [__$command_id], [__$seqval], [__$operation] FROM cdc.dbo_Item_CT
        WHERE [__$start_lsn] >= ${lsn} AND ([__$start_lsn] > ${lsn} OR ([__$start_lsn] = ${lsn} AND ([__$command_id] > ${command}
          OR ([__$command_id] = ${command} AND ([__$seqval] > ${seqval} OR ([__$seqval] = ${seqval} AND [__$operation] > ${operation}))))))
        ORDER BY 1, 2, 3, 4`);
      expect(rest).toEqual(all.slice(at + 1));
    }
  });

  it('give their newest LSN by MAX and their rows backwards', async () => {
    const [newest] = await rowsOf('SELECT MAX([__$start_lsn]) FROM cdc.dbo_Item_CT');
    expect(await rowsOf('SELECT TOP (1) [__$start_lsn] FROM cdc.dbo_Item_CT ORDER BY [__$start_lsn] DESC')).toEqual([
      newest,
    ]);
  });
});

describe('change functions', () => {
  it('fn_cdc_get_all_changes leaves old images out unless asked', async () => {
    expect(
      await rowsOf(`${WINDOW}SELECT [__$operation], Code FROM cdc.fn_cdc_get_all_changes_dbo_Item(@f, @t, N'all')`),
    ).toEqual(['2|a ', '2|b ', '4|a ', '1|b ', '2|c ', '4|c ', '1|a ', '2|z ']);
    expect(
      await rowsOf(`${WINDOW}SELECT COUNT(*) FROM cdc.fn_cdc_get_all_changes_dbo_Item(@f, @t, N' ALL update old ')`),
    ).toEqual(['10']);
  });

  it('fn_cdc_get_net_changes gives one row per key', async () => {
    const net = (option: string): Promise<string[]> =>
      rowsOf(
        `${WINDOW}SELECT [__$operation], Code, Txt FROM cdc.fn_cdc_get_net_changes_dbo_Item(@f, @t, N'${option}') ORDER BY Code`,
      );
    expect(await net('all')).toEqual(['2|c |x', '2|z |one']);
    expect(await net('all with merge')).toEqual(['5|c |x', '5|z |one']);
  });

  it.each([
    ["NULL, @t, N'all'"],
    ["@f, NULL, N'all'"],
    ["0x00, @t, N'all'"],
    ["@t, @f, N'all'"],
    ["@f, sys.fn_cdc_increment_lsn(@t), N'all'"],
    ["@f, @t, N'some'"],
  ])('answers 313 to (%s)', async (args) => {
    const outcome = await session.run(`${WINDOW}SELECT * FROM cdc.fn_cdc_get_all_changes_dbo_Item(${args})`);
    expect(outcome.errors).toMatchObject([
      {
        number: 313,
        text: 'An insufficient number of arguments were supplied for the procedure or function cdc.fn_cdc_get_all_changes_ ... .',
      },
    ]);
  });

  it('answers 208 for an instance that is not there', async () => {
    const outcome = await session.run(`${WINDOW}SELECT * FROM cdc.fn_cdc_get_all_changes_dbo_Gone(@f, @t, N'all')`);
    expect(outcome.errors.map((e) => e.number)).toEqual([208]);
  });
});

describe('LSN functions', () => {
  it('step, map to time and back, and know columns and bits', async () => {
    expect(
      await rowsOf(`${WINDOW}SELECT CASE WHEN sys.fn_cdc_decrement_lsn(sys.fn_cdc_increment_lsn(@t)) = @t THEN 1 END,
        CASE WHEN sys.fn_cdc_map_time_to_lsn('largest less than or equal', sys.fn_cdc_map_lsn_to_time(@t)) = @t THEN 1 END,
        sys.fn_cdc_map_time_to_lsn('smallest greater than', '9999-01-01'), sys.fn_cdc_map_lsn_to_time(0x01),
        sys.fn_cdc_get_column_ordinal('dbo_Item', 'price'), sys.fn_cdc_is_bit_set(3, 0x04), sys.fn_cdc_is_bit_set(9, 0x0100),
        sys.fn_cdc_has_column_changed('dbo_Item', 'Txt', 0x02), sys.fn_cdc_get_min_lsn('nothing')`),
    ).toEqual(['1|1|NULL|NULL|3|1|1|1|0x00000000000000000000']);
  });

  it('keep the mapping of every captured transaction', async () => {
    expect(
      await rowsOf(
        "SELECT COUNT(*) FROM cdc.lsn_time_mapping WHERE tran_id <> 0x00 AND start_lsn >= sys.fn_cdc_get_min_lsn('dbo_Item')",
      ),
    ).toEqual(['5']);
  });
});
