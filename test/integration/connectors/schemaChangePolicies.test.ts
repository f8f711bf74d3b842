import { describe, expect, test } from 'vitest';
import { useCaptureShop } from '#test/support/captureEnvironment.ts';
import { eventually } from '#test/support/eventually.ts';
import { type Fill, finishChanging as finished, lastRows, startChanging } from '#test/support/schemaChangeRun.ts';

const env = useCaptureShop();

const started = (table: string, columns: string, fill: Fill, given = {}) =>
  startChanging(env, table, columns, fill, given);

describe('what the configuration says about changed tables', () => {
  test('with createInstances and dropOldInstances nobody has to do anything', { timeout: 60_000 }, async () => {
    const schemaChange = {
      onNewColumn: 'report',
      take: 'complete',
      backfill: true,
      createInstances: true,
      dropOldInstances: true,
    } as const;
    const { id, writer, run } = await started(
      'ALONE',
      'V int NULL',
      { V: (n) => `${n}` },
      { asOwner: true, settings: { schemaChange } },
    );
    for (const column of ['FIRST', 'SECOND', 'THIRD']) {
      const before = run.notes.filter((n) => n.type === 'instance_dropped').length;
      await env.shop.batch(`ALTER TABLE dbo.ALONE ADD ${column} int NULL`);
      writer.fill = { ...writer.fill, [column]: (n) => `${n}` };
      await eventually(() => expect(run.notes.filter((n) => n.type === 'instance_dropped').length).toBe(before + 1), {
        timeoutMs: 30_000,
      });
    }
    const check = await finished(run, id, writer);
    await eventually(
      async () => {
        const rows = lastRows(await run.records(id));
        expect([...rows.values()].map((r) => [r['FIRST'], r['SECOND'], r['THIRD']])).toEqual(
          [...rows.values()].map((r) => [r['N'], r['N'], r['N']]),
        );
      },
      { timeoutMs: 20_000 },
    );
    await check();
    const [row] = await env.shop.rows(
      "SELECT COUNT(*) FROM cdc.change_tables WHERE capture_instance LIKE 'dbo[_]ALONE%'",
    );
    expect(row).toEqual([1]);
    await run.stop();
  });

  test('with onNewColumn hold the table waits for the instance and goes on by itself', {
    timeout: 60_000,
  }, async () => {
    const schemaChange = {
      onNewColumn: 'hold',
      take: 'complete',
      backfill: true,
      createInstances: false,
      dropOldInstances: false,
    } as const;
    const { id, writer, run } = await started(
      'HELD',
      'V int NULL',
      { V: (n) => `${n}` },
      { settings: { schemaChange } },
    );
    await env.shop.batch('ALTER TABLE dbo.HELD ADD MORE int NULL');
    writer.fill = { V: (n) => `${n}`, MORE: (n) => `${n}` };
    await run.told('table_held', id);
    await writer.write(5);
    await env.shop.batch((await run.told('column_not_captured', id)).script);
    await run.told('table_resumed', id);
    const check = await finished(run, id, writer);
    await eventually(
      async () => {
        const rows = lastRows(await run.records(id));
        expect([...rows.values()].map((r) => r['MORE'])).toEqual([...rows.values()].map((r) => r['N']));
      },
      { timeoutMs: 20_000 },
    );
    await check();
    await run.stop();
  });
});
